import type { RunStages } from '../pipeline/carry-out.js'
import type { PlannedStage } from '../pipeline/plan.js'
import { decodedName } from '../stages/decoded-name.js'
import { STAGE_KINDS } from '../stages/registry.js'

export interface ScheduleOptions {
  /** Stages that run at once. */
  readonly atOnce: number
  /** Whether stages that need nothing of a stage that failed in this way are still run. */
  readonly goesOn: (error: unknown) => boolean
  /** Told of each failure beside the one that is thrown in the end. */
  readonly onFailed: (stage: string, error: unknown) => void
}

/**
 * Runs the stages of a plan, each as soon as those have run that it needs, and of stages that are the same under
 * several names the first before the others, which then are in the store. Once one fails, no other begins, or where
 * that goes on none that needs it; what has begun goes on to its end.
 * @throws what the first stage failed with, once nothing goes on any more
 */
export function schedule({ atOnce, goesOn, onFailed }: ScheduleOptions): RunStages {
  return async ({ stages }, run) => {
    const ended = new Map<string, Promise<boolean>>()
    const failures: { readonly stage: string; readonly error: unknown }[] = []
    const place = places(atOnce)
    const firstOf = new Map(stages.toReversed().map(({ key, stage }) => [key, stage.name]))
    const ran = async (planned: PlannedStage): Promise<boolean> => {
      const needed = [...needs(planned, ended), ...sameBefore(planned, firstOf)]
      const haveRun = await Promise.all(needed.flatMap(name => ended.get(name) ?? []))
      if (!haveRun.every(Boolean)) return false
      const leave = await place()
      try {
        if (!failures.every(({ error }) => goesOn(error))) return false
        await run(planned)
        return true
      } catch (error) {
        failures.push({ stage: planned.stage.name, error })
        return false
      } finally {
        leave()
      }
    }
    for (const planned of stages) ended.set(planned.stage.name, ran(planned))
    await Promise.all(ended.values())
    if (failures.length === 0) return
    const [first, ...others] = failures
    for (const { stage, error } of others) onFailed(stage, error)
    throw first.error
  }
}

/** The stages before one that it reads, and those that hold the images of these. */
function needs({ stage }: PlannedStage, before: ReadonlyMap<string, unknown>): string[] {
  const inputs = STAGE_KINDS.of(stage).inputs(stage)
  return inputs.flatMap(name => [name, decodedName(name)]).filter(name => before.has(name))
}

/** The stage of another name that comes before one and has the same result. */
function sameBefore({ key, stage }: PlannedStage, firstOf: ReadonlyMap<string, string>): string[] {
  const first = firstOf.get(key)
  return first === undefined || first === stage.name ? [] : [first]
}

/** So many places, which are taken in the order in which they are asked for. Each gives what leaves it. */
function places(count: number): () => Promise<() => void> {
  const waiting: (() => void)[] = []
  let free = count
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }
  return async () => {
    if (free > 0) free -= 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    return leave
  }
}
