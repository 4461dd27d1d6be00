import { stat } from 'node:fs/promises'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { folderOf, readComponent, readDiffusers } from '../checkpoints/diffusers.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { findCopies } from '../pipeline/assets.js'

/** A file that every worker reads, by its path on the machine of the coordinator. */
export interface NeededFile {
  readonly path: string
  /** The SHA-256 of its bytes. */
  readonly digest: string
  /** Its bytes. */
  readonly size: number
}

/** Bytes from which on a copy is worth its while. */
const COPIED_FROM = 1 << 20

/** The larger files that an experiment names: its checkpoint, and weights and statistics of its metrics. */
export async function neededFiles(experiment: AnyExperiment, root: string): Promise<NeededFile[]> {
  // What stands beside an ONNX file may be a part of it, and ONNX Runtime refuses parts that are elsewhere.
  const onnx = 'onnx' in experiment.model ? experiment.model.onnx : undefined
  const found = [...(await findCopies(experiment, root))].filter(([location]) => location !== onnx)
  const paths = await Promise.all(found.map(([location, { path }]) => filesAt(path, location, experiment)))
  const all = await Promise.all([...new Set(paths.flat())].map(async path => ({ path, size: (await stat(path)).size })))
  const large = all.filter(({ size }) => size >= COPIED_FROM)
  return Promise.all(large.map(async one => ({ ...one, digest: await fileDigest(one.path) })))
}

async function filesAt(path: string, location: string, { model }: AnyExperiment): Promise<readonly string[]> {
  const folder = await folderOf(path)
  if (folder === undefined) return [path]
  const isPipeline = 'checkpoint' in model && model.checkpoint === location
  if (isPipeline) return (await readDiffusers(folder, { variant: model.variant })).files
  const { file, weights } = await readComponent(path)
  return [file, ...weights]
}
