/** Copies of elements with their bytes in the opposite order. */
export function byteSwapped(data: Uint8Array, itemSize: number): Uint8Array {
  const copy = Buffer.from(data)
  const whole = copy.subarray(0, copy.length - (copy.length % itemSize))
  if (itemSize === 2) whole.swap16()
  if (itemSize === 4) whole.swap32()
  if (itemSize === 8) whole.swap64()
  return copy
}
