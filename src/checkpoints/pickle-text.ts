/** Python itself reads no more. */
const MAX_DIGITS = 4300

/** A whole number in decimal digits. @throws RangeError */
export function wholeNumber(digits: string): number | bigint {
  if (!/^-?\d+$/.test(digits)) throw new RangeError(`${JSON.stringify(digits.slice(0, 20))} is no whole number`)
  if (digits.length > MAX_DIGITS) throw new RangeError(`a number of ${digits.length} digits is none that is read`)
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : BigInt(digits)
}

/** A number as Python's repr writes it. @throws RangeError */
export function floatNumber(text: string): number {
  const special = SPECIAL.get(text.toLowerCase())
  const value = special ?? Number(text)
  if (text.trim() === '' || (special === undefined && Number.isNaN(value)))
    throw new RangeError(`${JSON.stringify(text.slice(0, 20))} is no number`)
  return value
}

const SPECIAL = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['-inf', -Infinity]
])

const ESCAPES: Readonly<Partial<Record<string, string>>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' }
}

/** A text in quotes as Python's repr writes one of bytes. @throws RangeError */
export function quotedText(quoted: string): string {
  const text = /^(['"])(.*)\1$/s.exec(quoted)
  if (!text) throw new RangeError('a text in it has no quotes around it')
  return text[2].replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, other: string | undefined) =>
    hex === undefined ? (ESCAPES[other ?? ''] ?? other ?? '') : String.fromCharCode(parseInt(hex, 16))
  )
}

/** A text by Python's codec raw-unicode-escape. @throws RangeError */
export function escapedText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g, (_, short?: string, long?: string) =>
    String.fromCodePoint(parseInt(short ?? long ?? '', 16))
  )
}
