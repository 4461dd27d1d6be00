import { coordinate } from '../charts/frame.js'

/** Vectors seen in the plane in which they differ most. */
export interface Plane {
  /** The place of each vector. */
  readonly at: readonly (readonly [number, number])[]
  /** The shares of all variance that the two axes hold, from 0 to 1. */
  readonly shares: readonly [number, number]
}

/**
 * The first two principal components of vectors of one length, found from their products with each other, of which
 * there are few.
 */
export function principalPlane(vectors: readonly Float64Array[]): Plane {
  const mean = new Float64Array(vectors[0].length)
  for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] += vector[i] / vectors.length
  const centred = vectors.map(vector => vector.map((value, i) => value - mean[i]))
  const gram = centred.map(a => centred.map(b => a.reduce((sum, value, i) => sum + value * b[i], 0)))
  const total = gram.reduce((sum, row, i) => sum + row[i], 0)
  const first = leading(gram)
  const rest = gram.map((row, i) => row.map((value, j) => value - first.value * first.vector[i] * first.vector[j]))
  const second = leading(rest)
  const place = ({ value, vector }: Leading, i: number) => Math.sqrt(Math.max(value, 0)) * vector[i]
  const share = ({ value }: Leading) => (total > 0 ? Math.max(value, 0) / total : 0)
  return {
    at: vectors.map((_, i) => [place(first, i), place(second, i)]),
    shares: [share(first), share(second)]
  }
}

interface Leading {
  readonly value: number
  readonly vector: readonly number[]
}

const STEPS = 300

/** The largest eigenvalue of a symmetric matrix without negative ones, and its vector, by repeated multiplication. */
function leading(matrix: readonly (readonly number[])[]): Leading {
  const times = (vector: readonly number[]) =>
    matrix.map(row => row.reduce((sum, value, i) => sum + value * vector[i], 0))
  const length = (vector: readonly number[]) => Math.sqrt(vector.reduce((sum, value) => sum + value ** 2, 0))
  let vector = matrix.map((_, i) => 1 + ((i * 7919) % 101) / 101)
  let value = 0
  for (let step = 0; step < STEPS; step++) {
    const next = times(vector)
    const size = length(next)
    if (size === 0) return { value: 0, vector: vector.map(() => 0) }
    value = size / length(vector)
    vector = next.map(each => each / size)
  }
  return { value, vector }
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${coordinate(share * 100)} %`
}
