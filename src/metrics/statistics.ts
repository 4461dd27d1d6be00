/** Mean and covariance of samples. */
export interface Statistics {
  readonly mean: Float64Array
  /** Row-major, [dimensions, dimensions], divided by count - 1. */
  readonly covariance: Float64Array
  readonly count: number
}

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
 * Blocks of 64 samples are merged one after the other into the sums so far, each about its own mean (Chan, Golub & LeVeque
 * 1983), so that nothing cancels.
 */
export function accumulator(dimensions: number): Accumulator {
  const mean = new Float64Array(dimensions)
  /** Sums of products of deviations, upper triangle. */
  const scatter = new Float64Array(dimensions * dimensions)
  const block = new Float64Array(BLOCK * dimensions)
  let filled = 0
  let count = 0

  const merge = () => {
    const blockMean = new Float64Array(dimensions)
    for (let i = 0; i < filled; i++) for (let d = 0; d < dimensions; d++) blockMean[d] += block[i * dimensions + d]
    for (let d = 0; d < dimensions; d++) blockMean[d] /= filled
    for (let i = 0; i < filled; i++) for (let d = 0; d < dimensions; d++) block[i * dimensions + d] -= blockMean[d]
    const shift = blockMean.map((value, d) => value - mean[d])
    const total = count + filled
    addProducts(scatter, block, filled, dimensions)
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

/** Adds rows' products to the upper triangle of sums, four rows at a time. */
function addProducts(sums: Float64Array, rows: Float64Array, count: number, n: number): void {
  let r = 0
  for (; r + 4 <= count; r += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map(k => rows.subarray((r + k) * n, (r + k + 1) * n))
    for (let i = 0; i < n; i++) {
      const [ai, bi, ci, di] = [a[i], b[i], c[i], d[i]]
      const row = i * n
      for (let j = i; j < n; j++) sums[row + j] += ai * a[j] + bi * b[j] + ci * c[j] + di * d[j]
    }
  }
  for (; r < count; r++) addScaledProduct(sums, rows.subarray(r * n, (r + 1) * n), 1)
}

function addScaledProduct(sums: Float64Array, row: Float64Array, scale: number): void {
  const n = row.length
  for (let i = 0; i < n; i++) {
    const factor = scale * row[i]
    for (let j = i; j < n; j++) sums[i * n + j] += factor * row[j]
  }
}
