import { EpdError } from '../errors.js'
import { CLASSES, CLASSIFIER, SHAPE } from './fashion28.js'
import { oncePer, type MetricCheck, type MetricDescriptor, type ScoreContext } from './metric.js'

/**
 * The classifier runs on the CPU wherever the model does, since it takes little, and no key then has to name another
 * place.
 */
export const classAccuracyMetric: MetricDescriptor = {
  name: 'class-accuracy',
  title: "share of samples that fashion28's classifier puts into the class that they were asked for",
  moreIsBetter: true,
  digits: { significant: 4 },
  needs: { classes: true },
  marks: () => ({ classifier: CLASSIFIER.digest }),
  check(given) {
    expectFashion(given)
    return Promise.resolve()
  },
  async score({ samples, stage }) {
    const classifier = await classifierOf(stage)
    const asked = await samples.classes()
    let [right, count] = [0, 0]
    for await (const { pictures } of samples.pictures()) {
      const images = Buffer.concat(pictures.map(({ data }) => data))
      const found = await classifier.classes(images, pictures.length)
      for (const [i, label] of found.entries()) right += Number(label === asked[count + i])
      count += pictures.length
    }
    return { value: right / count, count, details: { classifier: { name: 'fashion28', weights: CLASSIFIER.digest } } }
  }
}

/** @throws EpdError `model-invalid` where the model's images or classes are not those of Fashion-MNIST */
function expectFashion({ stage, shape, labelDim }: MetricCheck): void {
  if (String(shape) === String(SHAPE) && labelDim === CLASSES) return
  throw new EpdError(
    'model-invalid',
    `stage "${stage}": class-accuracy knows the ${CLASSES} classes of Fashion-MNIST, whose images are of ${SHAPE.join('x')}; this model has ${labelDim}, and its images are of ${shape.join('x')}; leave it out`
  )
}

const classifierOf = oncePer(async ({ cacheDir, onNote, signal, atEnd }: ScoreContext) => {
  const { openFashionClassifier } = await import('./fashion-classifier.js')
  const opened = await openFashionClassifier({ cacheDir, onNote, signal })
  atEnd(() => opened.close())
  return opened
})
