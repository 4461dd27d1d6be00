import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeNpy } from '../../src/checkpoints/npy.js'
import { writeZip } from '../../src/checkpoints/zip.js'
import { EpdError } from '../../src/errors.js'
import { encodeStatistics, readStatistics } from '../../src/metrics/reference.js'
import { accumulator, type Moments } from '../../src/metrics/statistics.js'
import { hashUniform } from '../../src/random/hash-uniform.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-statistics-'))
const path = join(folder, 'it.npz')
const n = 12

/** Statistics of so many samples: of fewer than there are dimensions, they are without full rank. */
function sampled(count: number): Moments {
  const sums = accumulator(n)
  sums.add(hashUniform('samples', 0, count * n).map((value, i) => (1 + (i % n)) * value + 3))
  return sums.finish()
}

type Change = (moments: Moments) => void
const entry =
  (i: number, j: number, value: number): Change =>
  ({ covariance }) => {
    covariance[i * n + j] = value
  }
const both =
  (i: number, j: number, value: number): Change =>
  moments => {
    entry(i, j, value)(moments)
    entry(j, i, value)(moments)
  }

function read(change: Change, count = 40): Promise<Moments> {
  const moments = sampled(count)
  change(moments)
  writeFileSync(path, encodeStatistics(moments))
  return readStatistics(path)
}

describe('statistics', () => {
  it.each<[string, Change, RegExp]>([
    ['an infinite mean', ({ mean }) => (mean[3] = Infinity), /entry 3 of the mean is Infinity/],
    ['an entry that is no number', entry(2, 1, NaN), /entry \(2, 1\) of the covariance is NaN/],
    ['a negative variance', entry(4, 4, -0.5), /the variance of dimension 4 is -0\.5, which is negative/],
    [
      'every sign changed',
      ({ covariance }) => {
        covariance.forEach((c, i) => (covariance[i] = -c))
      },
      /is negative/
    ],
    [
      'two halves that differ',
      entry(5, 1, 0.7),
      /dimensions 5 and 1 is 0\.7 in one half of the matrix and -?[\d.]+ in/
    ],
    [
      'one flipped bit',
      both(5, 1, 1e300),
      /dimensions 5 and 1 is 1e\+300, more than their variances [\d.]+ and [\d.]+/
    ],
    ['more than variances allow', both(5, 1, 17), /dimensions 5 and 1 is 17, more than their variances/],
    ['no variance where there is covariance', entry(5, 5, 0), /more than their variances/],
    ['no variance at all', ({ covariance }) => covariance.fill(0), /every variance is 0/],
    [
      'a negative variance along some direction',
      ({ covariance }) => {
        for (const [i, j] of [
          [0, 1],
          [1, 2],
          [0, 2]
        ])
          both(
            i,
            j,
            -0.8 * Math.sqrt(covariance[i * n + i] * covariance[j * n + j])
          )({ mean: new Float64Array(n), covariance })
      },
      /is not positive semi-definite/
    ]
  ])('with %s are refused by the name of their file', async (_, change, message) => {
    await expect(read(change)).rejects.toThrow(message)
    await expect(read(change)).rejects.toThrow(`${path}: its mu and sigma are no mean and covariance of images: `)
    await expect(read(change)).rejects.toMatchObject({ code: 'checkpoint-invalid' })
  })

  it.each<[string, Change, number?]>([
    ['of full rank', () => undefined],
    ['of three images', () => undefined, 3],
    [
      'with rounding in either half',
      ({ covariance }) => {
        covariance.forEach((c, i) => (covariance[i] = c * (1 + 1e-7 * Math.sin(i))))
      },
      3
    ],
    [
      'with a dimension that never varies',
      ({ covariance }) => {
        covariance.forEach((_, i) => (i % n === 2 || Math.floor(i / n) === 2 ? (covariance[i] = 0) : 0))
      }
    ],
    [
      'with a variance a little below zero',
      ({ covariance }) => {
        covariance.forEach((_, i) => (i % n === 2 || Math.floor(i / n) === 2 ? (covariance[i] = -1e-12) : 0))
      }
    ],
    [
      'of tiny values',
      ({ covariance }) => {
        covariance.forEach((c, i) => (covariance[i] = c * 1e-200))
      },
      5
    ],
    [
      'of huge values',
      ({ covariance }) => {
        covariance.forEach((c, i) => (covariance[i] = c * 1e200))
      },
      5
    ]
  ])('%s are read', async (_, change, count) => {
    const moments = sampled(count ?? 40)
    change(moments)
    expect((await read(change, count)).covariance).toEqual(moments.covariance)
  })

  it('stored in single precision are read, of however few images', async () => {
    const { mean, covariance } = sampled(4)
    const float32 = (data: Float64Array, shape: number[]) =>
      encodeNpy({ dtype: 'float32', shape, data: Float32Array.from(data) })
    const arrays = new Map([
      ['mu.npy', float32(mean, [n])],
      ['sigma.npy', float32(covariance, [n, n])]
    ])
    writeFileSync(path, writeZip(arrays))
    expect((await readStatistics(path)).covariance).toEqual(Float64Array.from(Float32Array.from(covariance)))
  })

  it('of something else say what they hold', async () => {
    writeFileSync(path, encodeStatistics(sampled(40)))
    await expect(readStatistics(path, { dimensions: 2048 })).rejects.toThrow(
      `${path}: holds statistics of 12 dimensions, and those of 2048 are needed`
    )
    const images = encodeNpy({ dtype: 'uint8', shape: [1], data: Uint8Array.of(1) })
    writeFileSync(path, writeZip(new Map([['arr_0.npy', images]])))
    await expect(readStatistics(path)).rejects.toThrow(`${path}: holds no mu, but arr_0; expected an .npz`)
  })

  it('are not waited for once the signal is aborted', async () => {
    writeFileSync(path, encodeStatistics(sampled(40)))
    const signal = AbortSignal.abort(new EpdError('interrupted', 'stop'))
    await expect(readStatistics(path, { signal })).rejects.toMatchObject({ code: 'interrupted' })
  })
})
