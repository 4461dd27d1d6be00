/*
 * Derived from e_pow.c of fdlibm, which bears this notice:
 *
 * Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved.
 * Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is
 * preserved.
 */

/**
 * base ** exponent with the same bits on every version of Node and every system, right to about one unit of the last
 * place.
 *
 * JavaScript leaves the last bits of `**` and Math.pow to the engine, and V8 changed them between Node 22 and Node 24.
 * These are the bits of Node 20 and 22. Squares, whole powers of two and all other functions of Math have the same bits
 * on Node 20 to 26.
 */
export function power(base: number, exponent: number): number {
  if (exponent === 2) return base * base
  if (exponent === -1) return 1 / base
  if (exponent === 0.5 && base > 0) return Math.sqrt(base)
  const magnitude = Math.abs(base)
  const isSpecial = exponent === 1 || !Number.isFinite(exponent) || !Number.isFinite(base) || magnitude === 0
  // What JavaScript itself defines to the last bit.
  if (isSpecial || magnitude === 1 || (base < 0 && !Number.isInteger(exponent))) return base ** exponent
  const sign = base < 0 && exponent % 2 !== 0 ? -1 : 1
  return sign * exp2(product(exponent, log2(magnitude)))
}

/** The sum of two numbers, which together have more bits than one has. */
interface Sum {
  readonly high: number
  readonly low: number
}

/**
 * log2 of a positive number, to about 70 bits: by a series in s = (m - c) / (m + c), of which c is 1 or 3/2 and m the
 * number's mantissa.
 */
function log2(x: number): Sum {
  const { mantissa, exponent } = normalised(x)
  const near = mantissa >= MIDDLE ? THREE_HALVES : ONE
  const difference = mantissa - near.value
  const inverse = 1 / (mantissa + near.value)
  const s = difference * inverse
  const high = truncated(s)
  const grain = mantissa < 1 ? 2 ** 20 : 2 ** 19
  const sum = Math.floor(mantissa * grain) / grain + near.value
  const low = inverse * (difference - high * sum - high * (mantissa - (sum - near.value)))
  const rest = s * s * (s * s) * polynomial(LOGARITHM, s * s) + low * (high + s)
  const square = high * high
  const factor = truncated(3 + square + rest)
  const u = high * factor
  const v = low * factor + (rest - (factor - 3 - square)) * s
  const ln = truncated(u + v)
  const z = TWO_THIRDS_LOG2_E.high * ln
  const y = TWO_THIRDS_LOG2_E.low * ln + (v - (ln - u)) * TWO_THIRDS_LOG2_E.whole + near.low
  const whole = truncated(z + y + near.high + exponent)
  return { high: whole, low: y - (whole - exponent - near.high - z) }
}

/** x = mantissa 2^exponent, with the mantissa between sqrt(3)/2 and sqrt(3). */
function normalised(x: number): { mantissa: number; exponent: number } {
  const isSubnormal = x < 2 ** -1022
  words.setFloat64(0, isSubnormal ? x * 2 ** 53 : x)
  const biased = words.getUint32(0) >>> 20
  words.setUint32(0, (words.getUint32(0) & 0xfffff) | 0x3ff00000)
  const [mantissa, exponent] = [words.getFloat64(0), biased - (isSubnormal ? 1076 : 1023)]
  return mantissa < UPPER ? { mantissa, exponent } : { mantissa: mantissa / 2, exponent: exponent + 1 }
}

function product(y: number, { high, low }: Sum): Sum {
  const top = truncated(y)
  return { high: top * high, low: (y - top) * high + y * low }
}

/** 2 to the power of a sum: e to the power of its fraction by a rational function, times a power of two. */
function exp2({ high, low }: Sum): number {
  const exponent = low + high
  if (exponent > 1024 || (exponent === 1024 && low + OVERFLOW > exponent - high)) return Infinity
  if (exponent < -1075 || (exponent === -1075 && low <= exponent - high)) return 0
  const whole = Math.abs(exponent) > 0.5 ? Math.sign(exponent) * Math.floor(Math.abs(exponent) + 0.5) : 0
  const fraction = high - whole
  const top = truncated(low + fraction)
  const u = top * LN2.high
  const v = (low - (top - fraction)) * LN2.whole + top * LN2.low
  const z = u + v
  const w = v - (z - u)
  const t = z - z * z * polynomial(EXPONENTIAL, z * z)
  // fdlibm has w outside the quotient; V8 has it here, and the bits are V8's.
  const result = 1 - ((z * t) / (t - 2 - (w + z * w)) - z)
  // In two steps, since 2 ** 1024 is no number. The first is exact.
  const half = Math.trunc(whole / 2)
  return result * 2 ** half * 2 ** (whole - half)
}

/** The coefficients times 1, x, x^2, ... */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => coefficient + x * sum)
}

const words = new DataView(new ArrayBuffer(8))

/** A number without the lower 32 bits of its mantissa. */
function truncated(x: number): number {
  words.setFloat64(0, x)
  words.setUint32(4, 0)
  return words.getFloat64(0)
}

/** sqrt(3/2) and sqrt(3), to 20 bits. */
const MIDDLE = 1 + 0x3988f / 2 ** 20
const UPPER = 1 + 0xbb67a / 2 ** 20

/** Where the series for log2 begins: `value`, with its log2. */
const ONE = { value: 1, high: 0, low: 0 }
const THREE_HALVES = { value: 1.5, high: 0.584962487220764160156, low: 1.35003920212974897128e-8 }

/** The series of (3/2) (log m - 2 s - 2/3 s^3) / s^5 in s^2. */
const LOGARITHM = [
  ...[0.599999999999994648725, 0.428571428578550184252, 0.333333329818377432918],
  ...[0.272728123808534006489, 0.230660745775561754067, 0.206975017800338417784]
]
/** 2 / (3 ln 2), whole and as a sum. */
const TWO_THIRDS_LOG2_E = {
  whole: 0.961796693925975554329,
  high: 0.961796700954437255859,
  low: -7.02846165095275826516e-9
}

/** The series of (z (e^z + 1) / (e^z - 1) - 2) / z^2 in z^2. */
const EXPONENTIAL = [
  ...[0.166666666666666019037, -2.77777777770155933842e-3, 6.61375632143793436117e-5],
  ...[-1.6533902205465251539e-6, 4.13813679705723846039e-8]
]
const LN2 = { whole: 0.693147180559945286227, high: 0.693147182464599609375, low: -1.90465429995776804525e-9 }

/** How far log2 of a number that still rounds to the largest one may lie beyond 1024. */
const OVERFLOW = 8.0085662595372944372e-17
