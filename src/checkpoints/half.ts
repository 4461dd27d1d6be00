const SMALLEST_NORMAL = 0x38800000
const OVERFLOW = 0x477ff000
const INFINITY = 0x7f800000

/** Numbers in single precision as IEEE 754 binary16, little-endian: rounded to the nearest, to even between two. */
export function toFloat16(singles: Uint8Array): Uint8Array {
  const bits = new Uint32Array(new Uint8Array(singles).buffer)
  const half = new Uint16Array(bits.length)
  const scratch = new DataView(new ArrayBuffer(4))
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i] & 0x7fffffff
    half[i] = ((bits[i] >>> 16) & 0x8000) | halfOf(magnitude, scratch)
  }
  return new Uint8Array(half.buffer)
}

function halfOf(magnitude: number, scratch: DataView): number {
  if (magnitude > INFINITY) return 0x7e00
  if (magnitude >= OVERFLOW) return 0x7c00
  if (magnitude >= SMALLEST_NORMAL) return (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13
  scratch.setUint32(0, magnitude)
  return roundToEven(scratch.getFloat32(0) * 2 ** 24)
}

function roundToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}
