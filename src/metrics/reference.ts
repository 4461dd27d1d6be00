import { encodeNpy } from '../checkpoints/npy.js'
import { readNpy } from '../checkpoints/numpy-array.js'
import { readCheckpointFile } from '../checkpoints/checkpoint.js'
import { readZip, writeZip } from '../checkpoints/zip.js'
import { EpdError } from '../errors.js'
import type { Moments } from './frechet.js'

/**
 * Statistics of real images' features from an .npz with `mu` [n] and `sigma` [n, n], as EDM and pytorch-fid publish them. How many
 * images they rest on such a file does not say.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function readStatistics(path: string): Promise<Moments> {
  const bytes = await readCheckpointFile(path)
  const invalid = (what: string) =>
    new EpdError('checkpoint-invalid', `${path}: ${what}; expected an .npz of statistics with mu and sigma`)
  if (bytes.subarray(0, 2).toString('latin1') !== 'PK') throw invalid('is not a zip archive')
  const archive = readZip(bytes, path)
  const array = (name: string) => {
    const file = archive.read(`${name}.npy`)
    if (!file) throw invalid(`holds no ${name}`)
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
  return { mean: mu.data, covariance: sigma.data }
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
