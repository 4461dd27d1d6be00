import { ofCase } from '../stages/kind.js'
import type { RunStage } from '../store/store.js'
import { milliseconds } from './durations.js'
import type { ReportRun } from './data.js'

/** Stages that are shown as one: the cases of a matrix, where there are many. */
export interface Group {
  readonly name: string
  readonly stages: readonly RunStage[]
}

/** More stages than these are shown by the name that they have in the spec, all cases of the matrix together. */
const MANY = 24

/** The stages of a run in their order, each by itself unless there are many. */
export function groupsOf(run: ReportRun): Group[] {
  const { stages } = run
  if (stages.length <= MANY) return stages.map(stage => ({ name: stage.name, stages: [stage] }))
  const groups = new Map<string, RunStage[]>()
  for (const stage of stages) {
    const name = groupName(run, stage.name)
    groups.set(name, [...(groups.get(name) ?? []), stage])
  }
  return [...groups].map(([name, some]) => ({ name, stages: some }))
}

/** The name that a stage has in the spec; what was made for other stages has the ending of its name in common. */
function groupName({ stages }: ReportRun, name: string): string {
  const own = ofCase(name)
  const made = stages.map(stage => ofCase(stage.name)).find(other => own.startsWith(`${other}.`))
  return made === undefined ? own : own.slice(made.length)
}

/** Whether a stage's result was in the store before the run was begun. */
export function isCached({ run }: ReportRun, { stage }: RunStage): boolean {
  const [finished, created] = [milliseconds(stage?.finished), milliseconds(run.created)]
  return finished !== undefined && created !== undefined && finished < created
}

/** Seconds that some stages took, all attempts together. */
export function secondsOf(stages: readonly RunStage[]): number {
  return stages.reduce((sum, { stage }) => sum + (stage?.seconds ?? 0), 0)
}
