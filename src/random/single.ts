/** Arithmetic of single precision as AVX2 with fused multiply-adds does it, for results of the same bits. */

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
const single = new Float32Array(1)
const bits = new Int32Array(single.buffer)

/** a * b + c of single-precision numbers, rounded once. */
export function fma(a: number, b: number, c: number): number {
  const product = a * b // exact: 24 + 24 bits
  const sum = product + c
  // Rounding the sum to odd first keeps the second rounding, to single precision, from being a double one.
  const back = sum - product
  const error = product - (sum - back) + (c - back)
  if (error !== 0) {
    double[0] = sum
    if ((words[0] & 1) === 0) {
      const away = error > 0 === sum > 0
      step(away)
      return Math.fround(double[0])
    }
  }
  return Math.fround(sum)
}

/** The neighbour of double[0], away from zero or towards it. */
function step(away: boolean): void {
  if (away) words[0] += 1
  else {
    if (words[0] === 0) words[1] -= 1
    words[0] -= 1
  }
}

const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1
].map(Math.fround)
const [LOG_LOW, LOG_HIGH] = [-2.1219444e-4, 0.693359375].map(Math.fround)
const SQRT_HALF = Math.fround(Math.SQRT1_2)

/** The natural logarithm of a positive normal number, by the polynomial of Cephes. */
export function log(value: number): number {
  single[0] = value
  let exponent = (bits[0] >> 23) - 126
  bits[0] = (bits[0] & ~0x7f800000) | 0x3f000000
  let x = single[0]
  if (x < SQRT_HALF) {
    exponent -= 1
    x = Math.fround(Math.fround(x - 1) + x)
  } else x = Math.fround(x - 1)
  const z = Math.fround(x * x)
  let y = LOG[0]
  for (let i = 1; i < LOG.length; i++) y = fma(y, x, LOG[i])
  y = Math.fround(y * x)
  y = fma(y, z, Math.fround(exponent * LOG_LOW))
  y = fma(-z, 0.5, y)
  return fma(exponent, LOG_HIGH, Math.fround(x + y))
}

const FOUR_OVER_PI = Math.fround(1.27323954473516)
const QUARTER_PI = [-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8].map(Math.fround)
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(Math.fround)
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(Math.fround)

/** Sine and cosine of an angle of 0 or more, by the polynomials of Cephes. */
export function sincos(angle: number): { sin: number; cos: number } {
  const octant = (Math.trunc(Math.fround(angle * FOUR_OVER_PI)) + 1) & ~1
  let x = angle
  for (const part of QUARTER_PI) x = fma(octant, part, x)
  const z = Math.fround(x * x)

  let c = fma(fma(COS[0], z, COS[1]), z, COS[2])
  c = Math.fround(fma(Math.fround(c * z), z, -Math.fround(z * 0.5)) + 1)
  let s = fma(fma(SIN[0], z, SIN[1]), z, SIN[2])
  s = fma(Math.fround(s * z), x, x)

  const swapped = (octant & 2) !== 0
  const sinNegative = (octant & 4) !== 0
  const cosNegative = ((octant - 2) & 4) === 0
  const [sin, cos] = swapped ? [c, s] : [s, c]
  return { sin: sinNegative ? -sin : sin, cos: cosNegative ? -cos : cos }
}
