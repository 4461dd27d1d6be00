import { fileURLToPath } from 'node:url'

/** A file that comes with the project, with the SHA-256 that it must have. */
export interface EmbeddedFile {
  readonly path: string
  readonly digest: string
}

/** The channels, height and width of an image of Fashion-MNIST. */
export const SHAPE = [1, 28, 28] as const
export const CLASSES = 10

/** The weights of the classifier that models/fashion28/classifier.py has trained. */
export const CLASSIFIER = embedded(
  'classifier.safetensors',
  '19672d921793dc66a70cbf75148fd7a2562673bd9f8c6e462409307e7b1cae96'
)

/** The statistics of its features, as `epd-run reference --network fashion28` makes them of the data set's files. */
export const TRAINING = {
  of: 'the 60,000 training images',
  ...embedded('train.npz', '519ddac05decb47afe73fd03ccc24b2bafae63c6ce5253650b717fd1c286b2b0')
}
export const TESTS = {
  of: 'the 10,000 test images',
  ...embedded('test.npz', 'c432836c67eb7bfe7a342604a173bcc0c530c08350fb2bcf1595e320fe89af3b')
}

function embedded(name: string, digest: string): EmbeddedFile {
  return { path: fileURLToPath(new URL(`../../models/fashion28/${name}`, import.meta.url)), digest }
}
