import type { Predictor } from '../solvers/predictor.js'
import { solveSymmetric } from './bounded.js'
import { walkCost, type Effort } from './effort.js'
import { normalEquations, type Normal } from './objective.js'
import { logit, rawScale, replaced } from './parameters.js'
import { walk, type Setting } from './student.js'
import { pick, type Trajectories } from './trajectories.js'

/** How many trajectories are looked at. */
const SAMPLES = 16

/**
 * Finds where a step's points should start: of `count` places spread evenly in log sigma over the step, the set of as
 * many as the predictor has points whose best combination comes nearest to the teacher's next state. The combination is
 * linear, so all sets are tried on the same evaluations.
 */
export async function survey(
  setting: Setting,
  training: Trajectories,
  predictor: Predictor,
  step: number,
  count: number
): Promise<{ predictor: Predictor; evaluations: number }> {
  const { normal, evaluations } = await eachAlone(setting, training, predictor, step, count)
  const range = predictor.ranges.scaleDir
  const wanted = predictor.r[step].length
  const shares = spread(bestSet(normal, wanted, [1 - range, 1 + range]), wanted, count)
  const total = shares.reduce((sum, { share }) => sum + share, 0)
  const started = withStep(predictor, step, {
    r: shares.map(({ place }) => logit((place + 0.5) / count)),
    weight: shares.map(({ share }) => Math.log(Math.max(share / total, LEAST))),
    scaleDir: shares.map(() => rawScale(total, range))
  })
  return { predictor: started, evaluations }
}

/** The linear problem of the step's end in the shares of the places, from walks that evaluate one place each. */
async function eachAlone(
  setting: Setting,
  training: Trajectories,
  predictor: Predictor,
  step: number,
  count: number
): Promise<{ normal: Normal; evaluations: number }> {
  const few = pick(training, [...training.seeds.keys()].slice(0, SAMPLES))
  const places = Array.from({ length: count }, (_, k) => (k + 0.5) / count)
  const zeros = places.map(() => 0)
  const weighted = (weight: readonly number[]) =>
    withStep(predictor, step, { r: places.map(logit), weight, scaleDir: zeros })
  const [base] = await walk(setting, few, [weighted(zeros)], step + 1)
  const only = places.map((_, place) => weighted(places.map((_, k) => (k === place ? 0 : -Infinity))))
  const alone = await walk(setting, few, only, step + 1, base.tape)
  const normal = normalEquations(
    [base.states[step]],
    [few.states[step + 1]],
    [0],
    alone.map(({ states }) => ({ states: [states[step + 1]], change: 1 }))
  )
  return { normal, evaluations: base.evaluations }
}

/** A predictor with other raw rows in one step, and scales of time of 1. */
function withStep(
  predictor: Predictor,
  step: number,
  { r, weight, scaleDir }: Readonly<Record<'r' | 'weight' | 'scaleDir', readonly number[]>>
): Predictor {
  return {
    ...predictor,
    r: replaced(predictor.r, step, r),
    weight: replaced(predictor.weight, step, weight),
    scaleDir: replaced(predictor.scaleDir, step, scaleDir),
    scaleTime: replaced(
      predictor.scaleTime,
      step,
      r.map(() => 0)
    )
  }
}

/** Evaluations of `survey`. */
export function surveyCost(effort: Effort, step: number, count: number): number {
  const first = effort.afs && step === 0 ? 0 : 1
  return Math.min(SAMPLES, effort.training) * (walkCost(effort, step) + first + count)
}

/** The least weight that a point starts with. */
const LEAST = 0.02

interface Share {
  readonly place: number
  readonly share: number
}

/** The set of at most `count` places, with shares of 0 or more and a sum within the bounds, that fits best. */
function bestSet(normal: Normal, count: number, bounds: readonly [number, number]): Share[] {
  let best: Share[] = []
  let least = Infinity
  for (const set of sets(normal.gradient.length, count)) {
    const shares = fit(normal, set, bounds)
    if (shares.some(share => share < 0)) continue
    const loss = quadratic(normal, set, shares)
    if (loss >= least) continue
    least = loss
    best = set.map((place, k) => ({ place, share: shares[k] }))
  }
  return best
}

/** The least squares shares, their sum held within the bounds. */
function fit({ matrix, gradient }: Normal, set: readonly number[], [low, high]: readonly [number, number]): number[] {
  const a = set.map(i => set.map(j => (i === j ? matrix[i][j] * (1 + 1e-9) : matrix[i][j])))
  const free = solveSymmetric(
    a,
    set.map(i => -gradient[i])
  )
  const sum = free.reduce((total, share) => total + share, 0)
  if (sum >= low && sum <= high) return free
  const push = solveSymmetric(
    a,
    set.map(() => 1)
  )
  const by = (Math.min(Math.max(sum, low), high) - sum) / push.reduce((total, share) => total + share, 0)
  return free.map((share, k) => share + by * push[k])
}

function quadratic({ matrix, gradient }: Normal, set: readonly number[], shares: readonly number[]): number {
  return set.reduce(
    (sum, i, a) =>
      sum + 2 * gradient[i] * shares[a] + set.reduce((row, j, b) => row + matrix[i][j] * shares[a] * shares[b], 0),
    0
  )
}

/** All sets of 1 up to `count` of the numbers below n. */
function* sets(n: number, count: number, from = 0): Generator<number[]> {
  if (count === 0) return
  for (let i = from; i < n; i++) {
    yield [i]
    for (const rest of sets(n, count - 1, i + 1)) yield [i, ...rest]
  }
}

/** Makes as many places as points: while there are fewer, the largest share is split over two places side by side. */
function spread(found: readonly Share[], points: number, places: number): Share[] {
  const all = [...found]
  while (all.length < points) {
    const largest = all.reduce((most, { share }, k) => (share > all[most].share ? k : most), 0)
    const { place, share } = all[largest]
    const side = Math.min(0.5, place + 0.25, places - 0.75 - place) / 2
    all.splice(largest, 1, { place: place - side, share: share / 2 }, { place: place + side, share: share / 2 })
  }
  return all
}
