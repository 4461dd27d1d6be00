/** The description of a file by its server. */
export interface Described {
  /** The file's name. */
  readonly name: string
  readonly contentType?: string
}

/** Files that are never plain text. */
const BINARY = /\.(bin|ckpt|npz|onnx|png|pt|pth|safetensors|zip)$/i
/** Larger answers are no pages of an error. */
const LARGEST_PAGE = 1 << 20

/**
 * The answer that came in place of a file, with its first words: a web page, XML, JSON, a pointer of Git LFS, a text,
 * nothing at all. It is undefined where it may be the file. Servers answer so with status 200 when a quota is used up,
 * a page wants a click, or a login has ended.
 */
export function pageIn(bytes: Buffer, { name, contentType = '' }: Described): string | undefined {
  if (bytes.length === 0) return 'nothing (0 bytes)'
  if (bytes.length > LARGEST_PAGE || !isText(bytes)) return undefined
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trim()
  const start = text.slice(0, 200).toLowerCase()
  if (start.startsWith('version https://git-lfs')) return 'a pointer of Git LFS, not the file that it stands for'
  if (/<html[\s>]|<!doctype html|<head[\s>]/.test(start) || (start.startsWith('<') && contentType.includes('html')))
    return `a web page (${firstWords(textOf(text))})`
  if (start.startsWith('<') && !/\.(xml|svg)$/i.test(name)) return `XML (${firstWords(textOf(text))})`
  if (isJson(text) && !/\.json$/i.test(name)) return `JSON (${firstWords(text)})`
  if (BINARY.test(name) || (contentType.startsWith('text/') && /\.pkl$/i.test(name)))
    return `a text (${firstWords(text)})`
  return undefined
}

/** The number of bytes of a file that pageIn looks at, more than a page has. */
export const HEAD = LARGEST_PAGE + 1

function isText(bytes: Buffer): boolean {
  return bytes.every(byte => byte >= 32 || (byte >= 7 && byte <= 13) || byte === 27)
}

function isJson(text: string): boolean {
  if (!text.startsWith('[') && !text.startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A page's text: its title, or what stands between its tags. */
function textOf(page: string): string {
  return titleOf(page) ?? withoutTags(page)
}

function titleOf(page: string): string | undefined {
  const begin = page.search(/<title[\s>]/i)
  const close = begin < 0 ? -1 : page.indexOf('>', begin)
  const end = close < 0 ? -1 : page.indexOf('<', close)
  const title = end < 0 ? '' : page.slice(close + 1, end).trim()
  return title === '' ? undefined : title
}

/** The text between a page's tags, without its scripts and styles. A page of any form is gone through once. */
export function withoutTags(page: string): string {
  const parts: string[] = []
  const ends = { script: /<\/script>/gi, style: /<\/style>/gi }
  const endless = new Set<string>()
  let at = 0
  for (let open = page.indexOf('<'); open >= 0; open = page.indexOf('<', at)) {
    const close = page.indexOf('>', open)
    if (close < 0) break
    parts.push(page.slice(at, open))
    at = close + 1
    const name = /^(?:script|style)/i.exec(page.slice(open + 1, open + 7))?.[0].toLowerCase()
    if ((name !== 'script' && name !== 'style') || endless.has(name)) continue
    ends[name].lastIndex = at
    if (ends[name].exec(page)) at = ends[name].lastIndex
    else endless.add(name)
  }
  return [...parts, page.slice(at)].join(' ')
}

/** The first words of a text, quoted. */
export function firstWords(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim()
  return JSON.stringify(words.length > 100 ? `${words.slice(0, 97)}...` : words)
}
