import { child } from '../reading/plain.js'
import type { Store } from '../store/store.js'

/** How many seconds an evaluation of a model has taken, by the kind of the stage that asked for it. */
export type Rates = ReadonlyMap<string, number>

/** What all stages of a model together are kept under. */
const ALL = ''

/**
 * Seconds an evaluation of a model, from the finished stages that a store has of it on the same engine. Stages of all
 * runs count, whatever machine they ran on.
 * @param digest the model's, @param engine its engine's numeric identity
 */
export function ratesOf(store: Store, digest: string, engine: string): Rates {
  const sums = new Map<string, { seconds: number; evaluations: number }>()
  const keys = new Set(store.runs().flatMap(run => store.runStages(run.id).map(({ key }) => key)))
  for (const key of keys) {
    const stage = store.stage(key)
    const model = child(stage?.provenance, 'model')
    if (stage?.status !== 'finished' || !stage.evaluations) continue
    if (child(model, 'digest') !== digest || child(model, 'engine') !== engine) continue
    for (const kind of [stage.kind, ALL]) {
      const { seconds, evaluations } = sums.get(kind) ?? { seconds: 0, evaluations: 0 }
      sums.set(kind, { seconds: seconds + stage.seconds, evaluations: evaluations + stage.evaluations })
    }
  }
  return new Map([...sums].map(([kind, { seconds, evaluations }]) => [kind, seconds / evaluations]))
}

/** Seconds that a stage of a kind would take for so many evaluations; undefined where nothing tells. */
export function secondsFor(rates: Rates | undefined, kind: string, evaluations: number): number | undefined {
  const rate = rates?.get(kind) ?? rates?.get(ALL)
  return rate === undefined ? undefined : rate * evaluations
}
