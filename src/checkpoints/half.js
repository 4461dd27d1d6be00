// @ts-check
// IEEE 754 binary16. Plain JavaScript, since threads read it too.

const SMALLEST_NORMAL = 0x38800000
const OVERFLOW = 0x477ff000
const INFINITY = 0x7f800000

/**
 * Numbers in single precision as binary16, little-endian: rounded to the nearest, to even between two.
 * @param {Uint8Array} singles
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function toFloat16(singles) {
  const bits = new Uint32Array(new Uint8Array(singles).buffer)
  const half = new Uint16Array(bits.length)
  const scratch = new DataView(new ArrayBuffer(4))
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i] & 0x7fffffff
    half[i] = ((bits[i] >>> 16) & 0x8000) | halfOf(magnitude, scratch)
  }
  return new Uint8Array(half.buffer)
}

/**
 * @param {number} magnitude
 * @param {DataView} scratch
 */
function halfOf(magnitude, scratch) {
  if (magnitude > INFINITY) return 0x7e00
  if (magnitude >= OVERFLOW) return 0x7c00
  if (magnitude >= SMALLEST_NORMAL) return (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13
  scratch.setUint32(0, magnitude)
  return roundToEven(scratch.getFloat32(0) * 2 ** 24)
}

/** @param {number} value */
function roundToEven(value) {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

/**
 * The number that the bits of a binary16 are.
 * @param {number} bits
 */
export function fromFloat16(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}
