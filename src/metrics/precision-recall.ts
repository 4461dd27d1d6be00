import type { Matrices } from '../engines/onnx/matrices.js'
import { allFeatures, networkOf } from './feature-sets.js'
import { expectFinite, rowsOf, type Features } from './features.js'
import { needed, oncePer, type MetricContext, type MetricDescriptor } from './metric.js'

/** The ball of an image reaches as many of its neighbours. */
const NEIGHBOURS = 3
/** How many images are looked at together. */
const BLOCK = 1024

/** One of the two shares, which are computed together for the samples that both are asked for. */
export function shareMetric(name: 'precision' | 'recall', title: string): MetricDescriptor {
  return {
    name,
    title,
    moreIsBetter: true,
    digits: { significant: 4 },
    needs: { keys: ['features', 'reference'], images: NEIGHBOURS + 1 },
    async score(context) {
      const { shares, ...rest } = await sharesOf(context)
      return { value: shares[name], ...rest }
    }
  }
}

const sharesOf = oncePer(async ({ samples, stage }: MetricContext) => {
  const reference = needed(stage.reference, 'reference')
  const [own, real] = [await allFeatures(samples), await allFeatures(reference)]
  const shares = await precisionRecall(own, real, stage.signal)
  const details = { network: networkOf(stage), against: reference.name, count: real.count }
  return { shares, count: own.count, seeds: samples.seeds, details }
})

/**
 * Improved precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991): the share of samples that lie in a ball
 * around some real image, and of real images in a ball around some sample; a ball reaches the third nearest of its own
 * kind.
 * @throws RangeError with three images or fewer of either, EpdError `score-undefined` if a feature is no finite number
 */
export async function precisionRecall(
  samples: Features,
  real: Features,
  signal?: AbortSignal
): Promise<{ precision: number; recall: number }> {
  if (Math.min(samples.count, real.count) <= NEIGHBOURS)
    throw new RangeError(`precision and recall need more than ${NEIGHBOURS} images of either`)
  expectFinite(samples, 'samples')
  expectFinite(real, 'real images')
  const { openMatrices } = await import('../engines/onnx/matrices.js')
  const matrices = openMatrices(signal)
  try {
    return {
      precision: await covered(samples, real, await radii(real, matrices), matrices),
      recall: await covered(real, samples, await radii(samples, matrices), matrices)
    }
  } finally {
    await matrices.close()
  }
}

/** Squared distance of each image to its third nearest. */
async function radii(features: Features, matrices: Matrices): Promise<Float64Array> {
  const nearest = Array.from({ length: features.count }, () => Array.from({ length: NEIGHBOURS }, () => Infinity))
  await distances(features, features, matrices, (i, j, squared) => {
    if (i === j) return
    const near = nearest[i]
    if (squared >= near[NEIGHBOURS - 1]) return
    let at = NEIGHBOURS - 1
    for (; at > 0 && near[at - 1] > squared; at--) near[at] = near[at - 1]
    near[at] = squared
  })
  return Float64Array.from(nearest, near => near[NEIGHBOURS - 1])
}

/** The share of images that lie in a ball of one of the others. */
async function covered(images: Features, others: Features, radius: Float64Array, matrices: Matrices): Promise<number> {
  const inside = new Uint8Array(images.count)
  await distances(images, others, matrices, (i, j, squared) => {
    if (squared <= radius[j]) inside[i] = 1
  })
  return inside.reduce((sum, one) => sum + one, 0) / images.count
}

/** Tells the squared distance of each image of a to each of b. */
async function distances(
  a: Features,
  b: Features,
  matrices: Matrices,
  tell: (i: number, j: number, squared: number) => void
): Promise<void> {
  const [inA, inB] = [blocks(a.count), blocks(b.count)]
  const [ofA, ofB] = [squares(a), squares(b)]
  for (const rows of inA)
    for (const columns of inB) {
      const products = await matrices.timesTransposed(rowsOf(a, rows), rowsOf(b, columns))
      rows.forEach((i, row) => {
        columns.forEach((j, column) => {
          tell(i, j, Math.max(ofA[i] + ofB[j] - 2 * products[row * columns.length + column], 0))
        })
      })
    }
}

function blocks(count: number): number[][] {
  return Array.from({ length: Math.ceil(count / BLOCK) }, (_, block) =>
    Array.from({ length: Math.min(BLOCK, count - block * BLOCK) }, (_, i) => block * BLOCK + i)
  )
}

function squares({ count, dimensions, data }: Features): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = 0
    for (let d = i * dimensions; d < (i + 1) * dimensions; d++) sum += data[d] ** 2
    return sum
  })
}
