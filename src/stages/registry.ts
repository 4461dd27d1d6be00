import { decode } from './decode.js'
import { distill } from './distill.js'
import { features } from './features.js'
import type { StageBase, StageKind } from './kind.js'
import { sample } from './sample.js'
import { score } from './score.js'
import { teacher } from './teacher.js'

/** The kinds of stages; a new one is one file and its name here. */
const KINDS = [teacher, distill, sample, decode, features, score] as const

/** The stages of a kind. */
export type StageOf<Kind> = Kind extends StageKind<infer S> ? S : never

/** A stage of one of the program's own kinds. */
export type Stage = StageOf<(typeof KINDS)[number]>

/** A kind of stage that a spec may write. */
export type WrittenKind = Pick<StageKind, 'kind'> & Required<Pick<StageKind, 'spec'>>

/** Kinds of stages by their names. */
export interface StageKinds {
  readonly all: readonly StageKind[]
  /** Those that a spec may write; the others are only derived. */
  readonly written: readonly WrittenKind[]
  /** The kind of a stage. @throws RangeError for one that is not among them */
  readonly of: (stage: StageBase) => StageKind
}

/** Kinds of stages as a registry, such as the program's own with others beside them. */
export function stageKinds(all: readonly StageKind[]): StageKinds {
  const byName = new Map(all.map(kind => [kind.kind, kind]))
  return {
    all,
    written: all.flatMap(kind => (kind.spec ? { kind: kind.kind, spec: kind.spec } : [])),
    of({ kind, name }) {
      const found = byName.get(kind)
      if (!found) throw new RangeError(`stage "${name}" is of kind "${kind}", which is not known`)
      return found
    }
  }
}

/** The kinds of stages that the program has. */
export const STAGE_KINDS = stageKinds(KINDS)
