import type { Learns } from '../solvers/descriptor.js'
import type { Effort } from './effort.js'
import type { Iteration, Outcome, StartName, Task } from './task.js'

/** Where a distillation stands: plain data that JSON keeps bit for bit, all that its optimiser needs to go on. */
export interface DistillState {
  /** The optimiser whose state it is. */
  readonly name: string
  /** Iterations done. */
  readonly iteration: number
}

/** A state, with what is computed from it once more where a distillation is resumed. */
export interface Position<State extends DistillState> {
  readonly state: State
}

/** One way of an optimiser from its start to its end, on one task. No position is ever changed. */
export interface Course<State extends DistillState, Here extends Position<State>> {
  /** The state before the first iteration. */
  readonly start: State
  /** The position of a state that `start` or an iteration has left. */
  readonly enter: (state: State) => Here | Promise<Here>
  readonly isDone: (state: State) => boolean
  readonly iterate: (from: Here) => Promise<{ readonly position: Here; readonly row: Iteration }>
  readonly conclude: (at: Here) => Promise<Outcome>
}

interface Named {
  readonly name: string
}

/** What the default of an option may depend on. */
export interface Circumstances {
  readonly learnSigmas: boolean
  readonly start?: StartName
}

/** What the number of iterations depends on. */
export type Extent = Pick<Effort, 'learns' | 'steps' | 'learnsSigmas' | 'table' | 'training'>

/** What an optimiser is, whatever its options and states are made of. */
interface Traits {
  /** The name that options give it. Optimisers of one name learn different things. */
  readonly name: string
  /** What it learns for solvers. */
  readonly learns: readonly Learns[]
  /**
   * Raised whenever it learns something else from the same task; part of the keys of what it learns. Absent at first.
   */
  readonly version?: number
  readonly learnsSigmas: boolean
  /** Whether its loss can be told what to look at. If not, it compares pixels after every step. */
  readonly takesObjective: boolean
  /** Whether it looks at states that a teacher has kept between the student's time points. */
  readonly looksBetween?: true
  /** Where parameters start unless the task says otherwise. */
  readonly start: StartName
  /** Whether it may take fewer evaluations than `cost` says. */
  readonly costsAtMost: boolean
}

/** An optimiser, as its own file describes it. */
export interface Optimiser<
  Options extends Named,
  Specified extends Options,
  State extends DistillState,
  Here extends Position<State>
> extends Traits {
  readonly isOptions: (options: Named) => options is Options
  readonly isState: (state: DistillState) => state is State
  /** Options with their defaults, as an experiment states them. Without options, all are as by default. */
  readonly specify: (options: Options | undefined, circumstances: Circumstances) => Specified
  /** The most iterations that it takes. */
  readonly mostIterations: (options: Options, extent: Extent) => number
  /** The evaluations that it takes, or where it `costsAtMost`, the most that it may take. */
  readonly cost: (options: Options, effort: Effort) => number
  readonly course: (task: Task, options: Options) => Course<State, Here>
}

export interface Follow {
  /** A state to go on from; without it, the optimiser starts. */
  readonly resume?: DistillState
  readonly onIteration: (row: Iteration, state: DistillState) => void | Promise<void>
}

/** An optimiser as the registry holds it: for options and states by their names. */
export interface RegisteredOptimiser<Specified extends Named = Named> extends Traits {
  readonly specify: (options: Named | undefined, circumstances: Circumstances) => Specified
  readonly mostIterations: (options: Named, extent: Extent) => number
  readonly cost: (options: Named, effort: Effort) => number
  readonly run: (task: Task, options: Named, follow: Follow) => Promise<Outcome>
}

/** Makes an optimiser one of many, whose options and states are told apart by their names. */
export function registered<
  Options extends Named,
  Specified extends Options,
  State extends DistillState,
  Here extends Position<State>
>(optimiser: Optimiser<Options, Specified, State, Here>): RegisteredOptimiser<Specified> {
  const { isOptions, isState, specify, mostIterations, cost, course, ...traits } = optimiser
  const own = (options: Named): Options => {
    if (isOptions(options)) return options
    throw new RangeError(`distill: options of ${options.name} are not for ${traits.name}`)
  }
  return {
    ...traits,
    specify: (options, circumstances) => specify(options && own(options), circumstances),
    mostIterations: (options, extent) => mostIterations(own(options), extent),
    cost: (options, effort) => cost(own(options), effort),
    run: (task, options, { resume, onIteration }) =>
      follow(course(task, own(options)), resume && isState(resume) ? resume : undefined, onIteration)
  }
}

/**
 * The loop of every optimiser: from its start, or a state, to its end. Each iteration is waited for, and so is who is
 * told of it.
 */
async function follow<State extends DistillState, Here extends Position<State>>(
  { start, enter, isDone, iterate, conclude }: Course<State, Here>,
  resume: State | undefined,
  onIteration: Follow['onIteration']
): Promise<Outcome> {
  let position = await enter(resume ?? start)
  while (!isDone(position.state)) {
    const done = await iterate(position)
    position = done.position
    await onIteration(done.row, position.state)
  }
  return conclude(position)
}
