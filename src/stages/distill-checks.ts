import { namesOf, optimisersOf } from '../distill/registry.js'
import { EpdError } from '../errors.js'
import { expected, quote, type Path, type Report } from '../reading/problem.js'
import type { Seeds } from '../reading/seeds.js'
import type { Learns } from '../solvers/descriptor.js'
import { differenceOf } from '../solvers/grids.js'
import { solverNamed } from '../solvers/registry.js'
import { endsAtZero, endsOf, gridOf, pointsAboveZero, type GridSpec, type SolverSpec } from '../solvers/spec.js'
import type { RawDistill } from './distill-keys.js'
import type { ResolveContext } from './spec.js'
import { keptPoints, type TeacherStage } from './teacher.js'

/** Reports options of a distill stage that do not go together. */
export function checkTogether(
  { learnSigmas, optimizer, objective, features, start }: RawDistill,
  student: SolverSpec,
  learns: Learns,
  { path, report }: ResolveContext
): void {
  const wrong = (key: string, what: string, found: unknown) => {
    report([...path, key], expected(what, found))
  }
  const { name } = student
  const points = pointsAboveZero(student)
  const stepwise = learns === 'network' || learns === 'coordinates'
  const able = optimisersOf(learns, learnSigmas && !stepwise)
  const alone = optimizer && !able.some(each => each.name === optimizer.name) && namesOf(able)
  if (endsOf(student.schedule).sigmaMax === Infinity)
    wrong(
      'solver',
      'a student that begins below infinite noise, from which no distillation takes its differences',
      't = 1'
    )
  if (points < 2) wrong('solver', 'a student with 2 time points or more above 0, between which it steps', points)
  if (stepwise) {
    if (alone) wrong('optimizer', `${alone}, which alone trains ${name}`, optimizer.name)
    if (features) wrong('features', `none for ${name}, which compares pixels after every step`, features)
    if (objective === 'every')
      wrong('objective', `final for ${name}, which looks at every step whatever it is`, objective)
    if (learnSigmas) wrong('learnSigmas', `false for ${name}`, learnSigmas)
    if (start && learns === 'coordinates') wrong('start', `none for ${name}, which starts from its base`, start)
    return
  }
  if (learns === 'table') {
    if (alone) wrong('optimizer', `${alone}, which alone learns tables`, optimizer.name)
    if (objective === 'every') wrong('objective', `final for ${name}, whose layers are at no time points`, objective)
    if (learnSigmas) wrong('learnSigmas', `false for ${name}, which learns noise levels whatever it is`, learnSigmas)
    if (start) wrong('start', `none: the solver's own option start says from where ${name} learns`, start)
    return
  }
  if (!learnSigmas) return
  if (alone) wrong('optimizer', `${alone}, which alone learns time points`, optimizer.name)
  else if (optimizer && 'finalIterations' in optimizer && optimizer.finalIterations === 0)
    wrong('optimizer', 'finalIterations of 1 or more, which learn the time points', 0)
  if (objective === 'every') wrong('objective', 'final with learnSigmas', objective)
  if (learns === 'time-points' && start) wrong('start', 'none for a solver without parameters', start)
  if (points < 3)
    wrong(
      'learnSigmas',
      `a student with 3 time points or more${endsAtZero(student.schedule) ? ' above 0' : ''}, so that some lie between the ends`,
      points
    )
}

/**
 * Refuses a student that begins at infinite noise, where the model's timesteps have led there.
 * @throws EpdError `spec-invalid`
 */
export function checkBegin(stage: string, { schedule }: SolverSpec): void {
  if (endsOf(schedule).sigmaMax !== Infinity) return
  throw new EpdError(
    'spec-invalid',
    `stage "${stage}": its student begins at infinite noise, from which nothing is learned`
  )
}

/** Reports a search for time points that has too few to look at, or that is told what it does not look at. */
export function checkSearch(
  { optimizer, features, startFrom, teacher: name }: RawDistill,
  student: SolverSpec,
  taught: TeacherStage,
  { path, report }: ResolveContext
): void {
  if (optimizer?.name !== 'search') return
  const wrong = (key: string, what: string, found: unknown) => {
    report([...path, key], expected(what, found))
  }
  if (features) wrong('features', 'none with search, which compares pixels', features)
  if (startFrom !== undefined) wrong('startFrom', 'none with search, which starts from nothing', startFrom)
  const [kept, points] = [keptPoints(taught), pointsAboveZero(student)]
  if (taught.keep !== 'refined')
    report(
      [...path, 'teacher'],
      `expected a teacher with keep: refined, whose states are searched, found ${quote(name)}`
    )
  else if (kept < points)
    report(
      [...path, 'teacher'],
      `expected a teacher that keeps ${points} states or more, as the student has time points, found ${kept}; raise its refine`
    )
}

/** Reports time points to start from that the student cannot have. `learned`: the student that they are of. */
export function checkStart(
  { learnSigmas, startFrom }: RawDistill,
  student: SolverSpec,
  learned: SolverSpec | undefined,
  { path, report, solvers }: ResolveContext
): void {
  if (startFrom === undefined) return
  const wrong = (what: string, found: unknown = startFrom) => {
    report([...path, 'startFrom'], expected(what, found))
  }
  const { name, learns } = solverNamed(student.name, solvers)
  const [own, theirs] = [pointsAboveZero(student), learned && pointsAboveZero(learned)]
  const difference = learned && differenceOf(gridOf(student), gridOf(learned), true)
  if (learns !== 'time-points') wrong(`none for ${name}, whose steps are fitted at its teacher's time points`)
  else if (!learnSigmas) wrong('none without learnSigmas, which starts from there')
  else if (!learned) wrong('a distill stage that has learned time points')
  else if (own !== theirs) wrong(`a stage with ${own} time points, as ${name} has here`, theirs)
  else if (difference) wrong(`time points ${difference.found}`, difference.taught)
}

/** Reports a validation seed that the teacher stage has too. */
export function checkUnseen(seeds: Seeds, teacher: TeacherStage, path: Path, report: Report): void {
  const both = seeds.firstIn(teacher.seeds)
  if (both !== undefined)
    report(path, `expected seeds that stage ${quote(teacher.name)} does not have, found ${both} in both`)
}

/**
 * Reports a student that stands elsewhere than its teacher leads. Only the ends need to be the teacher's for a solver
 * that learns nothing but its time points. Ends that are not known before the model is open are compared then.
 */
export function checkGrid(
  grid: GridSpec,
  { name, grid: taught }: TeacherStage,
  ends: boolean,
  path: Path,
  report: Report
): void {
  const difference = differenceOf(grid, taught, ends)
  if (!difference) return
  const { taught: asTaught, found } = difference
  report(
    path,
    `expected the time points of teacher ${quote(name)} (${asTaught}), found ${found}; a teacher whose student is this solver has them`
  )
}
