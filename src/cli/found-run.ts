import { EpdError } from '../errors.js'
import { firstNames } from '../first-names.js'
import type { TakenPredictor } from '../pipeline/predictors.js'
import type { Run, Store } from '../store/store.js'
import { tell, warn } from './output.js'

/**
 * The run that a user means, who is told on stderr which it is unless it was given by its id.
 * @throws EpdError `not-found`
 */
export function foundRun(store: Store, wanted: string): Run {
  const { id, others } = store.find(wanted)
  if (others.length > 0) warnOfOthers(wanted, id, others)
  else if (id !== wanted) tell(`run ${id}`)
  return store.run(id)
}

/** The id of the run that a user means, who is warned where several have the name. @throws EpdError `not-found` */
export function meantRun(store: Store, wanted: string): string {
  const { id, others } = store.find(wanted)
  if (others.length > 0) warnOfOthers(wanted, id, others)
  return id
}

function warnOfOthers(wanted: string, id: string, others: readonly string[]): void {
  warn(
    `"${wanted}" is taken for ${id}, the newest of ${others.length + 1} runs of that name; the others are ${firstNames(others)}`
  )
}

/** The id of the only run that is meant. @throws EpdError `not-found`, `usage` where several have the name */
export function onlyRun(store: Store, wanted: string): string {
  const { id, others } = store.find(wanted)
  if (others.length === 0) return id
  throw new EpdError(
    'usage',
    `${others.length + 1} runs have the name "${wanted}"; name one by its id: ${firstNames([id, ...others])}`
  )
}

/** Tells which run a predictor is taken from, and warns where several runs of the name have one. */
export function tellTaken({ name, run, others }: TakenPredictor): void {
  if (others.length === 0) tell(`the predictor ${name} is that of run ${run}`)
  else
    warn(
      `the predictor ${name} is taken from ${run}, the newest of ${others.length + 1} runs that have it; the others are ${firstNames(others)}`
    )
}
