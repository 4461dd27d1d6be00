import { encodeNpy } from '../checkpoints/npy.js'
import { readNpy } from '../checkpoints/numpy-array.js'
import { readCheckpointFile } from '../checkpoints/checkpoint.js'
import { readZip, writeZip } from '../checkpoints/zip.js'
import { openMatrices } from '../engines/onnx/matrices.js'
import { EpdError } from '../errors.js'
import { firstNames } from '../first-names.js'
import { faultOfMoments, isSemidefinite, NEGATIVE } from './covariance.js'
import type { Moments } from './statistics.js'

/** What statistics must be to be read. */
export interface ReadStatisticsOptions {
  /** How many dimensions they must have; default: any. */
  readonly dimensions?: number
  /** Whether they were read before and found to be sound, so that what takes a second is not done again. */
  readonly known?: boolean
  readonly signal?: AbortSignal
}

/**
 * Statistics of real images' features from an .npz with `mu` [n] and `sigma` [n, n], as EDM and pytorch-fid publish
 * them. Such a file does not say how many images they rest on. What is no mean and covariance within rounding is
 * refused.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function readStatistics(path: string, options: ReadStatisticsOptions = {}): Promise<Moments> {
  const moments = await momentsIn(path, options.dimensions)
  const fault = await faultOf(moments, options)
  if (fault === undefined) return moments
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: its mu and sigma are no mean and covariance of images: ${fault}; download or copy it again, or make it anew`
  )
}

/** What is wrong with statistics of real images that differ, as far as single entries tell. */
export function faultOfStatistics(moments: Moments): string | undefined {
  const { mean, covariance } = moments
  const fault = faultOfMoments(moments)
  if (fault !== undefined) return fault
  const still = mean.every((_, i) => covariance[i * (mean.length + 1)] === 0)
  return still ? 'every variance is 0, as if all images were the same one' : undefined
}

async function faultOf(moments: Moments, options: ReadStatisticsOptions): Promise<string | undefined> {
  const { known = false, signal } = options
  const fault = faultOfStatistics(moments)
  if (fault !== undefined || known) return fault
  signal?.throwIfAborted()
  const { mean, covariance } = moments
  const matrices = openMatrices(signal)
  try {
    return (await isSemidefinite(covariance, mean.length, matrices)) ? undefined : NEGATIVE
  } finally {
    await matrices.close()
  }
}

async function momentsIn(path: string, dimensions?: number): Promise<Moments> {
  const bytes = await readCheckpointFile(path)
  const invalid = (what: string) =>
    new EpdError('checkpoint-invalid', `${path}: ${what}; expected an .npz of statistics with mu and sigma`)
  if (bytes.subarray(0, 2).toString('latin1') !== 'PK') throw invalid('is not a zip archive')
  const archive = readZip(bytes, path)
  const array = (name: string) => {
    const file = archive.read(`${name}.npy`)
    if (!file) throw invalid(`holds no ${name}, but ${contents(archive.names)}`)
    try {
      return readNpy(file)
    } catch (error) {
      throw invalid(`its ${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const [mu, sigma] = [array('mu'), array('sigma')]
  const n = mu.data.length
  if (mu.shape.length !== 1 || sigma.shape.join() !== `${n},${n}`)
    throw invalid(`its mu is ${mu.shape.join('x')} and its sigma ${sigma.shape.join('x')}`)
  if (dimensions !== undefined && n !== dimensions)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: holds statistics of ${n} dimensions, and those of ${dimensions} are needed, as this network's features have`,
      { wayOut: 'make-statistics' }
    )
  return { mean: mu.data, covariance: sigma.data }
}

/** Names told of an archive's contents. */
const TOLD = 5

function contents(names: readonly string[]): string {
  const arrays = names.map(name => name.replace(/\.npy$/, ''))
  return arrays.length === 0 ? 'nothing at all' : firstNames(arrays, TOLD)
}

/** The bytes of an .npz that readStatistics reads. */
export function encodeStatistics({ mean, covariance }: Moments): Uint8Array {
  const n = mean.length
  return writeZip(
    new Map([
      ['mu.npy', encodeNpy({ dtype: 'float64', shape: [n], data: mean })],
      ['sigma.npy', encodeNpy({ dtype: 'float64', shape: [n, n], data: covariance })]
    ])
  )
}
