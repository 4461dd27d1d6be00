/** More levels than any JSON has that is read here. Node itself fails at some thousands when it writes a value. */
const MOST_LEVELS = 100

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN, CLOSE] = [
  [0x5b, 0x7b],
  [0x5d, 0x7d]
]

/** @throws SyntaxError for JSON that nests too deeply to be written again or gone through */
export function expectShallow(text: string): void {
  let [levels, within] = [0, false]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (within && code === BACKSLASH) i++
    else if (code === QUOTE) within = !within
    else if (!within && CLOSE.includes(code)) levels--
    else if (!within && OPEN.includes(code) && ++levels > MOST_LEVELS)
      throw new SyntaxError(`it nests more than ${MOST_LEVELS} levels deep`)
  }
}

/** JSON as data. @throws SyntaxError */
export function parseShallow(text: string): unknown {
  expectShallow(text)
  return JSON.parse(text)
}
