import { child } from '../reading/plain.js'
import type { Cost, StageBase } from '../stages/kind.js'
import type { Store } from '../store/store.js'

/** What stages of a kind have taken: seconds for so many evaluations that were expected of them, in so many stages. */
export interface Speed {
  readonly seconds: number
  readonly evaluations: number
  readonly stages: number
}

/** What stages have taken, by their kinds. */
export type Speeds = ReadonlyMap<string, Speed>

/** Runs that are looked at: reading all of a large store takes longer than planning. */
const RUNS = 20

/**
 * What the finished stages that the newest runs of a store have of a model have taken on an engine, whatever machine
 * they ran on. @param digest the model's, @param engine its engine's numeric identity
 */
export function speedsOf(store: Store, digest: string, engine: string): Speeds {
  const newest = store.runs().slice(0, RUNS)
  const all = newest.flatMap(run => store.runStages(run.id))
  const stages = new Map(all.flatMap(({ key, stage }) => (stage ? [[key, stage]] : [])))
  return [...stages.values()].reduce<Speeds>((speeds, { kind, status, evaluations, seconds, provenance }) => {
    const model = child(provenance, 'model')
    const isOfModel = child(model, 'digest') === digest && child(model, 'engine') === engine
    if (status !== 'finished' || !evaluations || !isOfModel) return speeds
    return speedsWith(speeds, kind, { seconds, evaluations, stages: 1 })
  }, new Map())
}

/** Adds what a stage of a kind has taken. */
export function speedsWith(speeds: Speeds, kind: string, { seconds, evaluations, stages }: Speed): Speeds {
  const before = speeds.get(kind) ?? { seconds: 0, evaluations: 0, stages: 0 }
  return new Map([
    ...speeds,
    [
      kind,
      {
        seconds: before.seconds + seconds,
        evaluations: before.evaluations + evaluations,
        stages: before.stages + stages
      }
    ]
  ])
}

/**
 * The seconds that a stage will take, as those of its kind did for an evaluation or, where they evaluate nothing, for a
 * stage. A kind that has not run yet is taken to be as fast as all others together.
 */
export function secondsFor(
  speeds: Speeds,
  expected: { readonly stage: StageBase; readonly cost: Cost } | undefined
): number {
  if (!expected) return 0
  const { stage, cost } = expected
  const own = speeds.get(stage.kind)
  if (cost.evaluations === 0) return own && own.stages > 0 ? own.seconds / own.stages : 0
  const known = own && own.evaluations > 0 ? own : evaluating(speeds)
  return known.evaluations > 0 ? (cost.evaluations * known.seconds) / known.evaluations : 0
}

function evaluating(speeds: Speeds): Speed {
  const all = [...speeds.values()].filter(({ evaluations }) => evaluations > 0)
  const sum = (key: keyof Speed) => all.reduce((total, one) => total + one[key], 0)
  return { seconds: sum('seconds'), evaluations: sum('evaluations'), stages: sum('stages') }
}
