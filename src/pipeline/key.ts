import { createHash } from 'node:crypto'
import { canonical } from '../spec/plain.js'

/** How samples are put together, where an engine's bits depend on that. */
export interface Batching {
  readonly batch: number
  readonly devices: number
}

/** All that a stage's result depends on. */
export interface StageIdentity {
  readonly kind: string
  /** Of the stage's code: another number, another result. */
  readonly version: number
  /** Resolved parameters, without names and without what changes no bit of the result. */
  readonly params: unknown
  /** Keys of the stages that it reads. */
  readonly inputs: readonly string[]
  /** Digest of the model's graph and weights, and the engine's numeric identity; absent where no model is evaluated. */
  readonly model?: { readonly digest: string; readonly engine: string; readonly batching?: Batching }
  /** Digests of the files that it reads. */
  readonly assets?: readonly string[]
}

/** The name of a stage's result: SHA-256 of its identity, in hexadecimal. */
export function stageKey(identity: StageIdentity): string {
  return createHash('sha256').update(canonical(identity)).digest('hex')
}
