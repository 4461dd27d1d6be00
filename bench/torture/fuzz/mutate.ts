import type { Random } from '../random.js'

/** The most bytes of an input. */
export const LONGEST = 64_000

export interface Material {
  /** Another input, to take a part of. */
  readonly other: Buffer
  /** What the reader looks for. */
  readonly tokens: readonly Buffer[]
}

type Mutation = (bytes: Buffer, random: Random, material: Material) => Buffer

/** An input that is changed in one to sixteen ways. */
export function mutated(input: Buffer, random: Random, material: Material): Buffer {
  let bytes: Buffer = Buffer.from(input)
  for (let left = 2 ** random.below(5); left > 0; left--)
    bytes = MUTATIONS[random.below(MUTATIONS.length)](bytes, random, material)
  // What is repeated is all that is seen of a reader whose time grows faster than its input.
  return (random.below(64) === 0 ? blownUp(bytes, random, material) : bytes).subarray(0, LONGEST)
}

/** Replaces what stands from one place to another. */
function replaced(bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)])
}

/** A part of an input, mostly a short one. */
function part(bytes: Buffer, random: Random): { from: number; to: number } {
  const from = random.below(bytes.length + 1)
  const most = random.below(4) === 0 ? bytes.length - from : Math.min(bytes.length - from, 16)
  return { from, to: from + random.below(most + 1) }
}

function changedByte(change: (byte: number, random: Random) => number): Mutation {
  return (bytes, random) => {
    if (bytes.length === 0) return bytes
    const at = random.below(bytes.length)
    bytes[at] = change(bytes[at], random) & 0xff
    return bytes
  }
}

const WIDTHS = [1, 2, 4, 8]
const EDGES = [
  ...[0n, 1n, -1n, 16n, 32n, 64n, 100n, 127n, 128n, 255n, 256n, 512n, 1000n, 1024n, 4096n, 32767n, 32768n, 65535n],
  ...[65536n, 100000n, 2147483647n, 2147483648n, 4294967295n, 4294967296n, 9007199254740991n, 9223372036854775807n]
]

/** A whole number of one to eight bytes, in either order, that is at an edge or a little more or less than it was. */
function changedNumber(bytes: Buffer, random: Random): Buffer {
  const width = WIDTHS[random.below(WIDTHS.length)]
  if (bytes.length < width) return bytes
  const at = random.below(bytes.length - width + 1)
  const field = bytes.subarray(at, at + width)
  const littleEndian = random.below(2) === 0
  if (littleEndian) field.reverse()
  const was = BigInt(`0x${field.toString('hex')}`)
  const value = random.below(2) === 0 ? EDGES[random.below(EDGES.length)] : was + BigInt(random.below(71) - 35)
  field.write(
    BigInt.asUintN(8 * width, value)
      .toString(16)
      .padStart(2 * width, '0'),
    'hex'
  )
  if (littleEndian) field.reverse()
  return bytes
}

const WRITTEN = [
  ...EDGES.map(String),
  ...[
    '-0',
    '0.5',
    '1e-320',
    '1e308',
    '1e999',
    '-1e999',
    'NaN',
    'Infinity',
    '-Infinity',
    '.inf',
    '.nan',
    '0x10',
    '1_000'
  ],
  ...['', 'null', 'true', 'false', '[]', '{}', '""', '99999999999999999999999999', '1e21']
].map(text => Buffer.from(text))

/** A number that is written in digits, or a word, in another's place. */
function changedText(bytes: Buffer, random: Random): Buffer {
  const numbers = [...bytes.toString('latin1').matchAll(/-?\d+(?:\.\d+)?(?:[eE]-?\d+)?|"[^"]*"|\b\w+\b/g)]
  if (numbers.length === 0) return bytes
  const { index, 0: found } = numbers[random.below(numbers.length)]
  return replaced(bytes, index, index + found.length, WRITTEN[random.below(WRITTEN.length)])
}

function blownUp(bytes: Buffer, random: Random, { tokens }: Material): Buffer {
  const { from, to } = part(bytes, random)
  const own = bytes.subarray(from, Math.min(to, from + 16))
  const unit = tokens.length > 0 && random.below(2) === 0 ? tokens[random.below(tokens.length)] : own
  if (unit.length === 0) return bytes
  const times = Math.floor((LONGEST - Math.min(bytes.length, LONGEST)) / unit.length)
  return replaced(bytes, to, to, Buffer.concat(new Array<Buffer>(times).fill(unit)))
}

const MUTATIONS: readonly Mutation[] = [
  changedByte((byte, random) => byte ^ (1 << random.below(8))),
  changedByte((_, random) => random.below(256)),
  changedByte((byte, random) => byte + random.below(71) - 35),
  changedNumber,
  changedNumber,
  changedText,
  changedText,
  (bytes, random) => {
    const { from, to } = part(bytes, random)
    return replaced(bytes, from, to, Buffer.alloc(0))
  },
  (bytes, random) => {
    const { from, to } = part(bytes, random)
    const at = random.below(bytes.length + 1)
    return replaced(bytes, at, at, bytes.subarray(from, to))
  },
  (bytes, random) => {
    const { from, to } = part(bytes, random)
    const at = random.below(bytes.length + 1)
    return replaced(bytes, at, Math.min(at + to - from, bytes.length), Buffer.from(bytes.subarray(from, to)))
  },
  (bytes, random) => {
    const { from, to } = part(bytes, random)
    const times = 2 ** random.below(8)
    return replaced(bytes, to, to, Buffer.concat(new Array<Buffer>(times).fill(bytes.subarray(from, to))))
  },
  (bytes, random, { tokens }) => {
    if (tokens.length === 0) return bytes
    const at = random.below(bytes.length + 1)
    const token = tokens[random.below(tokens.length)]
    return replaced(bytes, at, random.below(2) === 0 ? at : Math.min(at + token.length, bytes.length), token)
  },
  (bytes, random, { other }) => {
    const { from, to } = part(other, random)
    const mine = part(bytes, random)
    return replaced(bytes, mine.from, mine.to, other.subarray(from, to))
  },
  (bytes, random, { other }) =>
    Buffer.concat([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))])
]
