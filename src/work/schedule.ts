import type { Plan, PlannedStage } from '../pipeline/plan.js'
import { decodedName } from '../stages/decoded-name.js'
import { STAGE_KINDS } from '../stages/registry.js'

export interface ScheduleOptions {
  /** Whether stages that need nothing of a stage that failed are still run. */
  readonly keepGoing: boolean
  /** Told of each stage that failed while others go on. */
  readonly onFailed: (stage: string, error: unknown) => void
}

/**
 * Runs the stages of a plan, each as soon as those have run that it needs. Once one fails, no other begins, or with
 * `keepGoing` none that needs it; what has begun goes on to its end.
 * @throws what the first stage failed with, once nothing goes on any more
 */
export async function schedule(
  { stages }: Plan,
  run: (planned: PlannedStage) => Promise<void>,
  { keepGoing, onFailed }: ScheduleOptions
): Promise<void> {
  const ended = new Map<string, Promise<boolean>>()
  const failures: unknown[] = []
  const ran = async (planned: PlannedStage): Promise<boolean> => {
    const needed = needs(planned, ended)
    const haveRun = await Promise.all(needed.map(name => ended.get(name)))
    if (!haveRun.every(Boolean) || (failures.length > 0 && !keepGoing)) return false
    try {
      await run(planned)
      return true
    } catch (error) {
      failures.push(error)
      onFailed(planned.stage.name, error)
      return false
    }
  }
  for (const planned of stages) ended.set(planned.stage.name, ran(planned))
  await Promise.all(ended.values())
  if (failures.length > 0) throw failures[0]
}

/** The stages before one that it reads, and those that hold the images of these. */
function needs({ stage }: PlannedStage, before: ReadonlyMap<string, unknown>): string[] {
  const inputs = STAGE_KINDS.of(stage).inputs(stage)
  return inputs.flatMap(name => [name, decodedName(name)]).filter(name => before.has(name))
}
