import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * All pages that readers are led to, by their paths from the project's folder. The API reference has a test of its own.
 */
export const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'ARCHITECTURE.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .map(name => join('docs', String(name)))
    .filter(name => name.endsWith('.md') && name !== join('docs', 'reference', 'api.md'))
]

/** A fenced block of a page. */
export interface Block {
  /** Where it stands, such as docs/usage.md:12. */
  readonly place: string
  readonly language: string
  readonly text: string
  /** The path under which a reader is told to save it: `<!-- file: PATH -->` before the block. */
  readonly file?: string
  /** Whether its commands are not to be run: `<!-- not run: REASON -->` before the block. */
  readonly isNotRun: boolean
}

const BLOCK = /(?:<!-- (.*) -->\n\n)?^```(\w+)\n([^]*?)^```$/gm

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(BLOCK)].map(({ 0: whole, 1: note = '', 2: language, 3: content, index }) => ({
    place: `${page}:${text.slice(0, index + whole.indexOf('```')).split('\n').length}`,
    language,
    text: content,
    file: /^file: (.*)$/.exec(note)?.[1],
    isNotRun: note.startsWith('not run: ')
  }))
}

export const BLOCKS = PAGES.flatMap(blocksOf)

export function inLanguage(...languages: readonly string[]): Block[] {
  return BLOCKS.filter(({ language }) => languages.includes(language))
}

/** A command of a block: the words of a line up to `#` or `&&`. */
export interface Command {
  readonly place: string
  readonly words: readonly string[]
  readonly isNotRun: boolean
}

export function commandsOf({ place, text, isNotRun }: Block): Command[] {
  const lines = text.split('\n').flatMap(line => line.split(' && '))
  return lines.map(line => ({ place, words: wordsOf(line), isNotRun })).filter(({ words }) => words.length > 0)
}

/** Words as a shell takes them; quotes keep spaces within a word. */
function wordsOf(line: string): string[] {
  const words = line.replace(/(^|\s)#.*$/, '').match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? []
  return words.map(word => word.replaceAll(/["']/g, ''))
}

/** The names that a page's headings have in links. */
export function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)
  return new Set([...headings].map(([, heading]) => slug(heading)))
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
