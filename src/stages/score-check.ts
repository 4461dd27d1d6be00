import { EpdError } from '../errors.js'
import { openClip } from '../metrics/clip-score.js'
import { readStatistics } from '../metrics/reference.js'
import { FEATURES } from '../networks/inception-v3.js'
import type { ScoreStage } from './score.js'
import { expectColours, imageShape, type CheckContext } from './stage.js'

/** Whether what the metrics compare with can be had, and fits the model's images. */
export async function checkScore(stage: ScoreStage, context: CheckContext): Promise<void> {
  checkPixels(stage, context)
  const { statistics, clip, metrics } = stage
  const { assetPath, cacheDir, signal, once } = context
  if (metrics.includes('fid') && statistics !== undefined)
    await once(JSON.stringify(['statistics', statistics]), async () => {
      await readStatistics(assetPath(statistics), { dimensions: FEATURES, signal })
    })
  if (!metrics.includes('clip-score') || clip === undefined) return
  expectColours(imageShape(context.model), stage.name, 'clip-score')
  await once(JSON.stringify(['clip', clip]), async () => {
    await (await openClip({ folder: assetPath(clip), cacheDir })).close()
  })
}

/** As many as images of 64 x 64 pixels in colour have; their covariance takes 1.2 GB. */
const MOST_DIMENSIONS = 12_288
const SHAPES16 = [3, 16, 16]

function checkPixels({ name, metrics, dataset }: ScoreStage, { model }: CheckContext): void {
  if (!metrics.includes('frechet-pixels')) return
  const shape = imageShape(model)
  if (dataset && String(shape) !== String(SHAPES16))
    throw new EpdError(
      'model-invalid',
      `stage "${name}": frechet-pixels compares with ${dataset.name}, whose images are of ${SHAPES16.join('x')}, and this model's are of ${shape.join('x')}; give a reference in place of the data set`
    )
  const dimensions = shape.reduce((product, size) => product * size, 1)
  if (dimensions > MOST_DIMENSIONS)
    throw new EpdError(
      'model-invalid',
      `stage "${name}": frechet-pixels takes the covariance of all ${dimensions.toLocaleString('en')} values of an image, and ${MOST_DIMENSIONS.toLocaleString('en')} are the most that it can; choose fid`
    )
}
