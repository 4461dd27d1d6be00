import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileDigest } from '../../src/checkpoints/checkpoint.js'
import { soundFile } from '../../src/metrics/embedded.js'
import { CLASSIFIER, TESTS, TRAINING } from '../../src/metrics/fashion28.js'
import { openFashionClassifier, type FashionClassifier } from '../../src/metrics/fashion-classifier.js'
import { frechetDistance } from '../../src/metrics/frechet.js'
import { readStatistics } from '../../src/metrics/reference.js'
import { accumulator } from '../../src/metrics/statistics.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { largestDifference } from '../networks/reference.js'
import { TEST_IMAGES } from './fashion-images.js'

interface Answers {
  readonly count: number
  readonly features: readonly number[]
  readonly logits: readonly number[]
}

const fixture = new URL('../fixtures/networks/fashion-classifier.json', import.meta.url)
const pytorch = JSON.parse(readFileSync(fixture, 'utf8')) as Answers
const { count, pixels, classes } = TEST_IMAGES

describe('the embedded classifier of Fashion-MNIST', () => {
  let classifier: FashionClassifier
  beforeAll(async () => {
    classifier = await openFashionClassifier({ cacheDir: mkdtempSync(join(tmpdir(), 'epd-fashion-')) })
  })
  afterAll(() => classifier.close())

  it("answers PyTorch's features and logits", async () => {
    const first = pixels.subarray(0, pytorch.count * 784)
    const [features, logits] = await classifier.answers(first, pytorch.count)
    expect(largestDifference(features, pytorch.features)).toBeLessThan(1e-4)
    expect(largestDifference(logits, pytorch.logits)).toBeLessThan(1e-4)
  })

  it('sees the same in gray images of three channels, and in samples that are not rounded', async () => {
    const first = pixels.subarray(0, 2 * 784)
    const features = await classifier.features(first, 2)
    const colours = Uint8Array.from({ length: 3 * first.length }, (_, i) => first[Math.floor(i / 3)])
    expect(await classifier.features(colours, 2)).toEqual(features)
    const samples = Float64Array.from(first, value => value / 127.5 - 1)
    expect(await classifier.smoothFeatures(samples, 2)).toEqual(features)
  })

  it('puts nine of ten test images into their class', async () => {
    const found = await classifier.classes(pixels, count)
    const right = found.filter((label, i) => label === classes[i]).length
    expect(right / count).toBeGreaterThan(0.9)
  })

  const statisticsOf = async (images: Uint8Array) => {
    const sums = accumulator(128)
    sums.add(Float64Array.from(await classifier.features(images, count)))
    return sums.finish()
  }

  it('tells real images from noise by the Frechet distance of its features', async () => {
    const training = await readStatistics(TRAINING.path, { dimensions: 128 })
    const floor = await frechetDistance(await readStatistics(TESTS.path, { dimensions: 128 }), training)
    const real = await frechetDistance(await statisticsOf(pixels), training)
    const noise = Uint8Array.from(hashUniform('noise', 0, pixels.length), value => (value + 1) * 128)
    const far = await frechetDistance(await statisticsOf(noise), training)
    expect(floor).toBeGreaterThan(0)
    expect(real).toBeGreaterThan(floor)
    expect(far).toBeGreaterThan(20 * real)
  })
})

describe('the files of fashion28', () => {
  it.each([CLASSIFIER, TRAINING, TESTS])('are those whose digests are part of keys', async file => {
    expect(await fileDigest(file.path)).toBe(file.digest)
    expect(await soundFile(file)).toBe(file.path)
    const other = soundFile({ path: file.path, digest: '0'.repeat(64) })
    await expect(other).rejects.toThrow(/is not the file that came with epd-run, whose SHA-256 is 0{64}; install/)
  })
})
