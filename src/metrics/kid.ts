import type { Matrices } from '../engines/onnx/matrices.js'
import { hashUniform } from '../random/hash-uniform.js'
import { turns } from '../turns.js'
import { allFeatures, networkOf } from './feature-sets.js'
import { expectFinite, rowsOf, type Features } from './features.js'
import { needed, type MetricDescriptor } from './metric.js'

export const kidMetric: MetricDescriptor = {
  name: 'kid',
  title: "squared maximum mean discrepancy between the distributions of Inception's features",
  moreIsBetter: false,
  digits: { significant: 4 },
  needs: { keys: ['features', 'reference'], images: 2 },
  async score({ samples, stage }) {
    const reference = needed(stage.reference, 'reference')
    const [own, real] = [await allFeatures(samples), await allFeatures(reference)]
    const { value, ...how } = await kid(own, real, stage.signal)
    const details = { network: networkOf(stage), against: reference.name, count: real.count, ...how }
    return { value, count: own.count, seeds: samples.seeds, details }
  }
}

/** Subsets are as many and as large as in torch-fidelity and NVIDIA's code. */
const SUBSETS = 100
const SUBSET_SIZE = 1000

/** Kernel inception distance: the mean over subsets, and the deviation of one subset's. */
export interface Kid {
  readonly value: number
  readonly deviation: number
  readonly subsets: number
  readonly size: number
}

/**
 * Kernel inception distance (Binkowski et al. 2018, arXiv 1801.01401): the unbiased squared maximum mean discrepancy of
 * features by the kernel (a b / dimensions + 1)^3, over 100 subsets of at most 1,000 images of each, which are always
 * the same.
 * @throws RangeError with fewer than two images of either, EpdError `score-undefined` if a feature is no finite number
 */
export async function kid(a: Features, b: Features, signal?: AbortSignal): Promise<Kid> {
  const size = Math.min(a.count, b.count, SUBSET_SIZE)
  if (size < 2) throw new RangeError('kid needs two images or more of either')
  const subsets = a.count === size && b.count === size ? 1 : SUBSETS
  expectFinite(a, 'first')
  expectFinite(b, 'second')
  const turn = turns(signal)
  const { openMatrices } = await import('../engines/onnx/matrices.js')
  const matrices = openMatrices(signal)
  try {
    const values: number[] = []
    for (let subset = 0; subset < subsets; subset++) {
      values.push(
        await discrepancy(a, chosen('a', subset, a.count, size), b, chosen('b', subset, b.count, size), matrices)
      )
      await turn()
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / subsets
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(subsets - 1, 1)
    return { value: mean, deviation: Math.sqrt(variance), subsets, size }
  } finally {
    await matrices.close()
  }
}

async function discrepancy(
  a: Features,
  inA: readonly number[],
  b: Features,
  inB: readonly number[],
  matrices: Matrices
): Promise<number> {
  const [m, n] = [inA.length, inB.length]
  const kernel = (one: Features, places: readonly number[], other: Features, others: readonly number[]) =>
    matrices.timesTransposed(rowsOf(one, places), rowsOf(other, others))
  const [ofA, ofB] = [await kernel(a, inA, a, inA), await kernel(b, inB, b, inB)]
  const both = sumOfCubes(await kernel(a, inA, b, inB), a.dimensions)
  return (
    sumOfCubes(ofA, a.dimensions, m) / (m * (m - 1)) +
    sumOfCubes(ofB, a.dimensions, n) / (n * (n - 1)) -
    (2 * both) / (m * n)
  )
}

/** The sum of (product / dimensions + 1)^3; of a square matrix with so many rows, without its diagonal. */
function sumOfCubes(products: Float64Array, dimensions: number, rows = 0): number {
  const cubed = (k: number) => {
    const value = products[k] / dimensions + 1
    return value * value * value
  }
  let sum = 0
  for (let k = 0; k < products.length; k++) sum += cubed(k)
  for (let i = 0; i < rows; i++) sum -= cubed(i * rows + i)
  return sum
}

/** `size` of `count` places without repetition, which the names decide (Fisher and Yates). */
function chosen(name: string, subset: number, count: number, size: number): number[] {
  const places = Array.from({ length: count }, (_, i) => i)
  const random = hashUniform(`kid ${name} ${subset}`, 0, size)
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(((random[i] + 1) / 2) * (count - i))
    ;[places[i], places[j]] = [places[j], places[i]]
  }
  return places.slice(0, size)
}
