/** The pixels of a side that one pixel of the resized side is made of: the first, and the shares of it and the next. */
interface Shares {
  readonly first: number
  /** Their sum is 1; some are negative. */
  readonly shares: Float64Array
}

/**
 * Bicubic interpolation (Keys 1981, a = -1/2) of a side of `from` pixels to one of `to`, which blurs what becomes
 * smaller, with Pillow's choice of pixels: the shares for each pixel of the new side.
 */
export function bicubicShares(from: number, to: number): readonly Shares[] {
  const scale = from / to
  const blur = Math.max(scale, 1)
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale
    const first = Math.max(Math.trunc(center - 2 * blur + 0.5), 0)
    const end = Math.min(Math.trunc(center + 2 * blur + 0.5), from)
    const shares = Float64Array.from({ length: end - first }, (_, k) => cubic((first + k - center + 0.5) / blur))
    const sum = shares.reduce((all, share) => all + share, 0)
    return { first, shares: shares.map(share => share / sum) }
  })
}

function cubic(x: number): number {
  const a = -0.5
  const d = Math.abs(x)
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0
}
