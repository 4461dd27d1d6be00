import { baseMethod } from './base.js'
import type { Options, OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, combine, dot, firstGradient, march } from './march.js'
import { BASE_NAMES, SIMPLEST_BASE } from './methods.js'
import { fits } from './option-values.js'
import { AFS, BASE_ORDER, PLUGGED } from './option-parts.js'
import { leavesAsIs, type PasPredictor } from './pas-predictor.js'
import { norm, orthonormal, principalDirections } from './principal.js'
import type { Problem, SolverRun } from './solver.js'

const OPTIONS = {
  afs: AFS,
  components: {
    description:
      "Directions that a step's direction is corrected in, itself the first of them: 1 to 4. Early steps have fewer.",
    type: 'integer',
    minimum: 1,
    maximum: 4,
    default: 4
  },
  base: {
    description: 'The method whose directions are corrected; unipc by its predictor. The paper has euler and ipndm.',
    enum: BASE_NAMES,
    default: SIMPLEST_BASE
  },
  ...PLUGGED
} as const satisfies OptionSchemas

/** The options of PAS. */
export type PasOptions = OptionsOf<typeof OPTIONS>

/** What PAS is given beside its options. */
export type PasLearned = { readonly predictor: PasPredictor }

/** PAS as a student: all but the coordinates, which are to be found. */
export type PasStudent = Partial<Omit<PasOptions, 'components'>> & {
  readonly name: 'pas'
  /** Coordinates of each step, 1 to 4. */
  readonly components: number
}

/** @throws RangeError for options that are not as the schemas say */
export function pasStudent(options: Options): PasStudent {
  if (!fits(OPTIONS, options)) throw new RangeError('pas: has options that it cannot have')
  return { ...options, name: 'pas' }
}

/**
 * PCA-based Adaptive Search (Wang et al. 2025, arXiv 2411.06503): the direction in which a base method takes a step is
 * corrected in a few directions of the sample's own trajectory. The first is that direction itself, the others are the
 * top right singular vectors of the noise that all starts from and of the directions so far, orthogonal to those before
 * them. Their coordinates are learned and shared by all samples. One NFE a step, the base's order where nothing is
 * corrected. Coordinates here are shares of the direction's own length, which the paper's are not. A problem holds one
 * sample, whose directions are its own.
 */
export const pas: SolverDescriptor<'pas', PasOptions, 'coordinates', PasLearned> = {
  name: 'pas',
  title:
    "PAS: the steps of a base method, their directions corrected by learned coordinates in each sample's own principal directions: one evaluation a step.",
  options: OPTIONS,
  order: 4,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'coordinates',
  nonlinear: () => "it corrects along directions of each sample's own trajectory",
  oneByOne: true,
  checkTimePoints({ components, predictor: { coordinates } }, sigmas) {
    const positive = sigmas[sigmas.length - 1] === 0 ? sigmas.length - 1 : sigmas.length
    if (coordinates.length !== positive - 1 || coordinates.some(row => row.length !== components))
      throw new RangeError(
        `solve: pas needs ${positive - 1} rows of ${components} coordinates on these time points, found ${coordinates.length} of ${String(coordinates.at(0)?.length ?? 0)}`
      )
  },
  start: (problem, { predictor, ...options }) => pasSteps(problem, options, ({ index }) => predictor.coordinates[index])
}

/** A step of a base method before it is corrected. */
export interface PasStep {
  readonly index: number
  /** The noise level at its end less that at its start, below 0. */
  readonly size: number
  /** Where the base method leads. */
  readonly lead: Float64Array
  /** (lead - x) / size */
  readonly direction: Float64Array
  /**
   * The directions in which it may be corrected, `components` unit vectors that are orthogonal to each other; those
   * that a trajectory does not have yet are zeros.
   */
  readonly basis: () => readonly Float64Array[]
}

/** A base method's steps, corrected by whatever coordinates are chosen. */
export function pasSteps(
  problem: Problem,
  {
    afs = AFS.default,
    base = SIMPLEST_BASE,
    maxOrder = BASE_ORDER.default,
    thresholding,
    components
  }: Omit<PasStudent, 'name'>,
  choose: (step: PasStep) => readonly number[]
): SolverRun {
  if (problem.samples !== 1) throw new RangeError('pas: one sample a run')
  const method = baseMethod(problem, { base, maxOrder, thresholding })
  const noise = problem.x
  const taken: Float64Array[] = []
  let state = method.init
  return march(problem, function* (x, t, next, index) {
    const d = yield* firstGradient(x, t, index, afs)
    const led = method.step(state, { x, d, t, index })
    state = led.state
    const lead = led.lead(next)
    // Nothing is learned of a last step to a noise level of 0.
    if (next === 0) return lead
    const size = next - t
    const direction = add(lead, -1, x).map(value => value / size)
    const basis = () => basisOf({ noise, taken, direction, x }, components)
    const change = changeOf({ index, size, lead, direction, basis }, choose)
    taken.push(change ? add(direction, 1, change) : direction)
    return change ? add(lead, size, change) : lead
  })
}

/** What a direction is corrected by; undefined where it stays as it is. */
function changeOf(step: PasStep, choose: (step: PasStep) => readonly number[]): Float64Array | undefined {
  const row = choose(step)
  if (leavesAsIs(row)) return undefined
  const length = norm(step.direction)
  return combine(
    row.map((value, k) => length * (k === 0 ? value - 1 : value)),
    step.basis()
  )
}

interface Trajectory {
  /** The state at the first time point. */
  readonly noise: Float64Array
  /** The directions of the steps so far. */
  readonly taken: readonly Float64Array[]
  readonly direction: Float64Array
  readonly x: Float64Array
}

/**
 * The principal directions of a trajectory, so turned that samples have the same sense of them: with the way that x has
 * gone. At the first step, which has gone none, it is that to 0.
 */
function basisOf({ noise, taken, direction, x }: Trajectory, components: number): Float64Array[] {
  const principal = principalDirections([noise, ...taken, direction], components - 1)
  const own = orthonormal([direction, ...principal])
  const gone = taken.length === 0 ? noise.map(value => -value) : add(x, -1, noise)
  return Array.from({ length: components }, (_, k) => {
    if (k >= own.length) return new Float64Array(x.length)
    return k > 0 && dot(own[k], gone) < 0 ? own[k].map(value => -value) : own[k]
  })
}
