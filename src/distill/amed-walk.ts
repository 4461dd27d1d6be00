import type { AmedPoint } from '../solvers/amed-predictor.js'
import { amedSteps, type AmedStudent, type ChoosePoint } from '../solvers/amed.js'
import { drive, type Tape } from '../solvers/driver.js'
import { oneSample } from '../solvers/solve.js'
import { meanSquare, slopes } from './objective.js'
import { withZero, type Setting } from './student.js'
import { stateOf, type Trajectories } from './trajectories.js'

type AmedSetting = Setting<AmedStudent>

/** A walk of all samples, each with its own parameters. */
export interface AmedWalk {
  /** Each sample's state where it ends. */
  readonly ends: readonly Float64Array[]
  readonly tapes: readonly Tape[]
  /** Mean squared difference to the trajectories there. */
  readonly loss: number
  readonly evaluations: number
}

/** Walks each sample from the trajectories' noise over the first `steps` steps, all side by side. */
export async function walkSamples(
  { model, student, sigmas: above, toZero, batchSize, signal }: AmedSetting,
  batch: Trajectories,
  choose: (sample: number) => ChoosePoint,
  steps: number,
  replay?: readonly Tape[]
): Promise<AmedWalk> {
  const tapes: Tape[] = batch.seeds.map(() => [])
  const sigmas = toZero ? withZero(above) : above
  const [x] = batch.states
  const size = x.length / batch.seeds.length
  const jobs = batch.seeds.map((_, k) => {
    const one = oneSample({ x, condition: batch.condition }, size, k)
    const run = amedSteps({ x: one.x, samples: 1, sigmas }, student, choose(k))
    return { run, steps, condition: one.condition, record: tapes[k], replay: replay?.[k] }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  const ends = outcomes.map(({ x }) => x)
  return {
    ends,
    tapes,
    loss: meanSquare(ends, statesOf(batch, steps), [...ends.keys()]),
    evaluations: outcomes.reduce((sum, outcome) => sum + outcome.evaluations, 0)
  }
}

/** Each sample's state at a time point. */
function statesOf(trajectories: Trajectories, i: number): Float64Array[] {
  return trajectories.seeds.map((_, k) => stateOf(trajectories, i, k))
}

/** How the mean square at a step's end changes with each sample's own parameters of that step. */
export async function sampleSlopes(
  setting: AmedSetting,
  batch: Trajectories,
  base: AmedWalk,
  chosen: readonly (readonly AmedPoint[])[],
  step: number,
  difference: number
): Promise<{ each: AmedPoint[]; evaluations: number }> {
  const { sigmas, student } = setting
  const ratio = sigmas[step] / sigmas[step + 1]
  const by = {
    r: Math.min(difference / Math.log(ratio), 0.1),
    scaleDir: student.ranges.scaleDir > 0 ? difference / Math.max(ratio - 1, 1) : 0,
    scaleTime: student.ranges.scaleTime > 0 ? difference : 0
  }
  const slope = async (moved: keyof AmedPoint) => {
    const change = moved === 'r' ? (sample: number) => (chosen[sample][step].r > 0.5 ? -by.r : by.r) : () => by[moved]
    if (by[moved] === 0) return { slopes: batch.seeds.map(() => 0), evaluations: 0 }
    const probe =
      (sample: number): ChoosePoint =>
      (_features, _t, _next, i) =>
        i < step
          ? chosen[sample][i]
          : { ...chosen[sample][step], [moved]: chosen[sample][step][moved] + change(sample) }
    const { ends, evaluations } = await walkSamples(setting, batch, probe, step + 1, base.tapes)
    const targets = statesOf(batch, step + 1)
    const own = ends.map((end, k) => {
      const [half] = slopes([base.ends[k]], [targets[k]], [0], [{ states: [end], change: change(k) }])
      return (2 * half) / ends.length
    })
    return { slopes: own, evaluations }
  }
  const [r, scaleDir, scaleTime] = [await slope('r'), await slope('scaleDir'), await slope('scaleTime')]
  return {
    each: batch.seeds.map((_, k) => ({ r: r.slopes[k], scaleDir: scaleDir.slopes[k], scaleTime: scaleTime.slopes[k] })),
    evaluations: r.evaluations + scaleDir.evaluations + scaleTime.evaluations
  }
}
