import { createHash } from 'node:crypto'

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
  readonly model?: { readonly digest: string; readonly engine: string }
  /** Digests of the files that it reads. */
  readonly assets?: readonly string[]
}

/** The name of a stage's result: SHA-256 of its identity, in hexadecimal. */
export function stageKey(identity: StageIdentity): string {
  return createHash('sha256').update(canonical(identity)).digest('hex')
}

/** JSON in which objects have their keys in order, so that equal values are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
