/** Mean and covariance of samples. */
export interface Statistics {
  readonly mean: Float64Array
  /** Row-major, [dimensions, dimensions], divided by count - 1. */
  readonly covariance: Float64Array
  readonly count: number
}

/** Mean and covariance. */
export type Moments = Omit<Statistics, 'count'>

/** Samples that are taken up together. */
const BLOCK = 64

/** Gathers statistics of samples as they come. The result does not depend on how they are handed over. */
export interface Accumulator {
  /** rows: [any number, dimensions] */
  add(rows: Float64Array): void
  /** @throws RangeError with fewer than two samples */
  finish(): Statistics
}

/**
 * An accumulator of mean and covariance of vectors with so many dimensions. Blocks of 64 samples are merged one after
 * the other into the sums so far, each about its own mean (Chan, Golub & LeVeque 1983), so that nothing cancels.
 */
export function accumulator(dimensions: number): Accumulator {
  const mean = new Float64Array(dimensions)
  /** Sums of products of deviations, upper triangle. */
  const scatter = new Float64Array(dimensions * dimensions)
  const block = new Float64Array(BLOCK * dimensions)
  /** The block's deviations from its mean, a dimension's side by side: [dimensions, BLOCK]. */
  const columns = new Float64Array(dimensions * BLOCK)
  let filled = 0
  let count = 0

  const merge = () => {
    const blockMean = new Float64Array(dimensions)
    for (let i = 0; i < filled; i++) for (let d = 0; d < dimensions; d++) blockMean[d] += block[i * dimensions + d]
    for (let d = 0; d < dimensions; d++) blockMean[d] /= filled
    for (let d = 0; d < dimensions; d++)
      for (let i = 0; i < filled; i++) columns[d * BLOCK + i] = block[i * dimensions + d] - blockMean[d]
    const shift = blockMean.map((value, d) => value - mean[d])
    const total = count + filled
    addProducts(scatter, columns, filled, dimensions)
    addScaledProduct(scatter, shift, (count * filled) / total)
    for (let d = 0; d < dimensions; d++) mean[d] += (shift[d] * filled) / total
    count = total
    filled = 0
  }
  return {
    add(rows) {
      for (let at = 0; at < rows.length;) {
        const taken = Math.min((BLOCK - filled) * dimensions, rows.length - at)
        block.set(rows.subarray(at, at + taken), filled * dimensions)
        filled += taken / dimensions
        at += taken
        if (filled === BLOCK) merge()
      }
    },
    finish() {
      if (filled > 0) merge()
      if (count < 2) throw new RangeError(`a covariance needs two samples or more, found ${count}`)
      const covariance = new Float64Array(dimensions * dimensions)
      for (let i = 0; i < dimensions; i++)
        for (let j = i; j < dimensions; j++) {
          const value = scatter[i * dimensions + j] / (count - 1)
          covariance[i * dimensions + j] = value
          covariance[j * dimensions + i] = value
        }
      return { mean: mean.slice(), covariance, count }
    }
  }
}

/**
 * Adds the products of columns [n, BLOCK], of which `count` rows are filled, to the upper triangle of sums: two by two
 * sums at a time.
 */
function addProducts(sums: Float64Array, columns: Float64Array, count: number, n: number): void {
  let i = 0
  for (; i + 2 <= n; i += 2) {
    sums[i * n + i] = addDot(sums[i * n + i], columns, i, i, count)
    let j = i + 1
    if ((n - j) % 2 !== 0) {
      sums[i * n + j] = addDot(sums[i * n + j], columns, i, j, count)
      sums[(i + 1) * n + j] = addDot(sums[(i + 1) * n + j], columns, i + 1, j, count)
      j += 1
    }
    for (; j < n; j += 2) addTile(sums, columns, i, j, count, n)
  }
  if (i < n) sums[i * n + i] = addDot(sums[i * n + i], columns, i, i, count)
}

/** The four sums of columns i, i + 1 with j, j + 1, each in the order of addDot. */
function addTile(sums: Float64Array, x: Float64Array, i: number, j: number, count: number, n: number): void {
  const at = i * n + j
  const b = BLOCK
  const across = (j - i) * BLOCK
  let s = sums[at]
  let t = sums[at + 1]
  let u = sums[at + n]
  let v = sums[at + n + 1]
  let a = i * BLOCK
  const end = a + count
  for (; a + 4 <= end; a += 4) {
    const c = a + across
    const p0 = x[a]
    const p1 = x[a + 1]
    const p2 = x[a + 2]
    const p3 = x[a + 3]
    const q0 = x[a + b]
    const q1 = x[a + b + 1]
    const q2 = x[a + b + 2]
    const q3 = x[a + b + 3]
    const r0 = x[c]
    const r1 = x[c + 1]
    const r2 = x[c + 2]
    const r3 = x[c + 3]
    const w0 = x[c + b]
    const w1 = x[c + b + 1]
    const w2 = x[c + b + 2]
    const w3 = x[c + b + 3]
    s += p0 * r0 + p1 * r1 + p2 * r2 + p3 * r3
    t += p0 * w0 + p1 * w1 + p2 * w2 + p3 * w3
    u += q0 * r0 + q1 * r1 + q2 * r2 + q3 * r3
    v += q0 * w0 + q1 * w1 + q2 * w2 + q3 * w3
  }
  for (; a < end; a++) {
    s += x[a] * x[a + across]
    t += x[a] * x[a + across + b]
    u += x[a + b] * x[a + across]
    v += x[a + b] * x[a + across + b]
  }
  sums[at] = s
  sums[at + 1] = t
  sums[at + n] = u
  sums[at + n + 1] = v
}

/** sum + the product of columns i and j, four rows at a time. */
function addDot(sum: number, x: Float64Array, i: number, j: number, count: number): number {
  let [a, b] = [i * BLOCK, j * BLOCK]
  const end = a + count
  for (; a + 4 <= end; a += 4, b += 4)
    sum += x[a] * x[b] + x[a + 1] * x[b + 1] + x[a + 2] * x[b + 2] + x[a + 3] * x[b + 3]
  for (; a < end; a++, b++) sum += x[a] * x[b]
  return sum
}

/** Adds scale row^T row to the upper triangle of sums. */
function addScaledProduct(sums: Float64Array, row: Float64Array, scale: number): void {
  const n = row.length
  for (let i = 0; i < n; i++) {
    const factor = scale * row[i]
    for (let j = i; j < n; j++) sums[i * n + j] += factor * row[j]
  }
}
