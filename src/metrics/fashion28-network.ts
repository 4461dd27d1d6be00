import type { FeatureNetwork } from './feature-network.js'
import { CLASSIFIER, SHAPE } from './fashion28.js'

/** The embedded classifier of Fashion-MNIST, up to its last layer. */
export const fashion28Network: FeatureNetwork = {
  name: 'fashion28',
  title: 'the classifier of fashion28',
  description: 'The classifier of Fashion-MNIST that comes with the project, up to its last layer: 128 features.',
  keys: {},
  words: '{ network: fashion28 }',
  looker: 'fashion28',
  dimensions: 128,
  identity: () => ({ weights: CLASSIFIER.digest }),
  details: () => ({ weights: CLASSIFIER.digest }),
  prepared: () => '',
  mismatch: shape =>
    String(shape) === String(SHAPE)
      ? undefined
      : `looks at images of ${SHAPE.join('x')}, and this model's are of ${shape.join('x')}`,
  async open(_, options) {
    const { openFashionClassifier } = await import('./fashion-classifier.js')
    return openFashionClassifier(options)
  }
}
