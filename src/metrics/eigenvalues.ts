/**
 * The eigenvalues of a symmetric matrix, row-major [n, n], unordered: Householder reflections to a tridiagonal matrix, then
 * implicit QL steps with Wilkinson's shift (Golub & Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3).
 * @throws RangeError if an entry is not finite
 */
export function eigenvalues(matrix: Float64Array, n: number): Float64Array {
  if (!matrix.every(Number.isFinite)) throw new RangeError('eigenvalues of a matrix that is not finite')
  const { diagonal, offDiagonal } = tridiagonal(matrix.slice(), n)
  for (let low = 0; low < n; low++) {
    for (;;) {
      const high = firstNegligible(diagonal, offDiagonal, low)
      if (high === low) break
      qlStep(diagonal, offDiagonal, low, high)
    }
  }
  return diagonal
}

/** Reduces a, which is destroyed. offDiagonal[i] couples i and i + 1. */
function tridiagonal(a: Float64Array, n: number): { diagonal: Float64Array; offDiagonal: Float64Array } {
  const diagonal = new Float64Array(n)
  const offDiagonal = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    diagonal[k] = a[k * n + k]
    if (k + 1 >= n) break
    const v = a.slice(k * n + k + 1, (k + 1) * n)
    const norm = Math.hypot(...blocks(v))
    const alpha = v[0] > 0 ? -norm : norm
    offDiagonal[k] = alpha
    v[0] -= alpha
    const squared = v.reduce((sum, value) => sum + value * value, 0)
    if (norm === 0 || squared === 0) {
      offDiagonal[k] = a[k * n + k + 1]
      continue
    }
    reflect(a, n, k + 1, v, 2 / squared)
  }
  return { diagonal, offDiagonal }
}

/** Norms of a vector's parts, so that few arguments are spread. */
function blocks(v: Float64Array): number[] {
  const norms: number[] = []
  for (let at = 0; at < v.length; at += 1024) norms.push(Math.hypot(...v.subarray(at, at + 1024)))
  return norms
}

/** H a H on the rows and columns from `start` on, with H = 1 - beta v v^T. */
function reflect(a: Float64Array, n: number, start: number, v: Float64Array, beta: number): void {
  const m = v.length
  const p = new Float64Array(m)
  for (let i = 0; i < m; i++) {
    const row = (start + i) * n + start
    const vi = v[i]
    let sum = a[row + i] * vi
    for (let j = i + 1; j < m; j++) {
      sum += a[row + j] * v[j]
      p[j] += a[row + j] * vi
    }
    p[i] += sum
  }
  let projection = 0
  for (let i = 0; i < m; i++) {
    p[i] *= beta
    projection += p[i] * v[i]
  }
  for (let i = 0; i < m; i++) p[i] -= 0.5 * beta * projection * v[i]
  for (let i = 0; i < m; i++) {
    const row = (start + i) * n + start
    const [vi, pi] = [v[i], p[i]]
    for (let j = i; j < m; j++) a[row + j] -= vi * p[j] + pi * v[j]
  }
}

/** The first place from `low` on whose coupling to the next is lost in rounding. */
function firstNegligible(diagonal: Float64Array, offDiagonal: Float64Array, low: number): number {
  for (let i = low; i + 1 < diagonal.length; i++) {
    const size = Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1])
    if (
      Math.abs(offDiagonal[i]) <= Number.EPSILON * size ||
      Math.abs(offDiagonal[i]) < Number.MIN_VALUE / Number.EPSILON
    )
      return i
  }
  return diagonal.length - 1
}

/** One implicit QL step on the block low..high. */
function qlStep(d: Float64Array, e: Float64Array, low: number, high: number): void {
  const half = (d[low + 1] - d[low]) / (2 * e[low])
  const root = Math.hypot(half, 1)
  let g = d[high] - d[low] + e[low] / (half + (half >= 0 ? root : -root))
  let sin = 1
  let cos = 1
  let shift = 0
  for (let i = high - 1; i >= low; i--) {
    const f = sin * e[i]
    const b = cos * e[i]
    const r = Math.hypot(f, g)
    if (i + 1 < high) e[i + 1] = r
    if (r === 0) {
      d[i + 1] -= shift
      if (i + 1 < high) e[i + 1] = 0
      return
    }
    sin = f / r
    cos = g / r
    g = d[i + 1] - shift
    const t = (d[i] - g) * sin + 2 * cos * b
    shift = sin * t
    d[i + 1] = g + shift
    g = cos * t - b
  }
  d[low] -= shift
  e[low] = g
}
