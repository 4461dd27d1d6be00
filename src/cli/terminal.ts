/** Terminals narrower or lower than this have not said their size: pipes that pose as terminals give 0. */
const LEAST = { columns: 10, rows: 2 }
const USUAL = { columns: 80, rows: 24 }

type Environment = Readonly<Record<string, string | undefined>>

/** Whether lines that are on the screen can be written again. */
export function isLive(stream: { readonly isTTY?: boolean }, environment: Environment = process.env): boolean {
  const { TERM, CI } = environment
  const moves = process.platform === 'win32' || (TERM !== undefined && TERM !== '' && TERM !== 'dumb')
  const recorded = CI !== undefined && !['', '0', 'false'].includes(CI.toLowerCase())
  return stream.isTTY === true && moves && !recorded
}

/** Gives a terminal without a size the usual one, for all that asks for it, also after it has changed. */
export function ensureSize(stream: { readonly isTTY?: boolean; columns?: number; rows?: number }): void {
  if (stream.isTTY !== true) return
  for (const side of ['columns', 'rows'] as const) {
    let told = stream[side]
    Object.defineProperty(stream, side, {
      configurable: true,
      enumerable: true,
      get: () => (told !== undefined && told >= LEAST[side] ? told : USUAL[side]),
      set: (value: number | undefined) => {
        told = value
      }
    })
  }
}

/** Columns that a line may have; no limit where the output is no terminal. */
export function lineWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity
}

/** Whether a terminal shows letters outside of ASCII; a pipe takes what it is given. */
export function drawsUnicode(stream: { readonly isTTY?: boolean }, environment: Environment = process.env): boolean {
  if (stream.isTTY !== true) return true
  const { TERM, LC_ALL, LC_CTYPE, LANG } = environment
  if (TERM === 'dumb') return false
  if (process.platform === 'win32') return true
  const locale = [LC_ALL, LC_CTYPE, LANG].find(value => value !== undefined && value !== '') ?? ''
  return /utf-?8/i.test(locale)
}
