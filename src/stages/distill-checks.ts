import { namesOf, optimisersOf } from '../distill/registry.js'
import { expected, quote, type Path, type Report } from '../reading/problem.js'
import type { Seeds } from '../reading/seeds.js'
import type { Learns } from '../solvers/descriptor.js'
import { differenceOf } from '../solvers/grids.js'
import { endsAtZero, pointsAboveZero, type GridSpec, type SolverSpec } from '../solvers/spec.js'
import type { RawDistill } from './distill-keys.js'
import type { ResolveContext } from './spec.js'
import type { TeacherStage } from './teacher.js'

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
  if (difference)
    report(path, `expected the time points of teacher ${quote(name)} (${difference.taught}), found ${difference.found}`)
}

/** Whether a teacher needs to share the ends of its student's time points alone, since the others are the student's own. */
export function needsEndsAlone(learns: Learns | undefined): boolean {
  return learns === 'time-points' || learns === 'table'
}
