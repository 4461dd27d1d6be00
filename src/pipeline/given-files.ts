import type { AnyExperiment } from '../experiment/experiment.js'
import { child } from '../reading/plain.js'
import type { Identity } from '../stages/kind.js'
import type { Described } from './assets.js'
import { modelLocations } from './model-locations.js'

/** A file that a stage was given, as the store keeps it with the stage. */
export interface GivenFile {
  /** The path or address that the spec gives. */
  readonly location: string
  /** Where it was on this machine. */
  readonly path: string
  /** SHA-256 of its bytes; of a folder, of the files that were read there. */
  readonly digest: string
  readonly bytes: number
  /** The commit that it was, where it comes from a repository. */
  readonly commit?: string
}

/** Those of an experiment's files that a stage is given: the model with its prompts, and what it reads itself. */
export function givenTo(
  { evaluatesModel, assets = [] }: Pick<Identity, 'evaluatesModel' | 'assets'>,
  { model, prompts }: Pick<AnyExperiment, 'model' | 'prompts'>,
  files: readonly Described[]
): GivenFile[] {
  const csv = prompts && 'csv' in prompts ? [prompts.csv] : []
  const wanted = new Set([...(evaluatesModel ? [...modelLocations(model), ...csv] : []), ...assets])
  return files.filter(({ location }) => wanted.has(location))
}

/** The files in what the store keeps of a stage's surroundings; none where an earlier version has written it. */
export function filesIn(provenance: unknown): GivenFile[] {
  const files = child(provenance, 'files')
  return Array.isArray(files) ? files.filter(isGivenFile) : []
}

function isGivenFile(value: unknown): value is GivenFile {
  const isText = (key: string) => typeof child(value, key) === 'string'
  return isText('location') && isText('path') && isText('digest') && typeof child(value, 'bytes') === 'number'
}
