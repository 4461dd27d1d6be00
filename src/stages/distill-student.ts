import { either, expected } from '../reading/problem.js'
import type { Learns } from '../solvers/descriptor.js'
import { hasParameters } from '../solvers/learned.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import type { RawDistill } from './distill-keys.js'
import type { Chosen, ResolveContext } from './spec.js'

/** The student of a stage: its own solver or the top-level one. One that nothing is learned for is reported. */
export function studentIn(
  { solver: own, learnSigmas }: RawDistill,
  { studied, chosen: chosenHere, path, report, solvers }: ResolveContext
): Chosen | undefined {
  const chosen = own === undefined ? studied : chosenHere
  if (!chosen) return undefined
  const { solver, predictor } = chosen
  const { learns, onlyImported } = solverNamed(solver.name, solvers)
  if (!predictor && !onlyImported && (hasParameters(learns) || (learnSigmas && learns === 'time-points'))) return chosen
  const what = studentsIn(solvers)
  const whose = own === undefined ? ', the top-level one' : ''
  report(
    [...path, 'solver'],
    predictor
      ? `${expected(what, undefined)}; what is top-level is distilled already`
      : `${expected(what, solver.name)}${whose}`
  )
  return undefined
}

/** The solvers that can be students, in words. */
function studentsIn(solvers: Solvers): string {
  const those = (are: (learns: Learns) => boolean) =>
    either(solvers.flatMap(({ name, learns, onlyImported }) => (are(learns) && !onlyImported ? name : [])))
  return `an ${those(hasParameters)} solver, or with learnSigmas any but ${those(learns => learns === 'nothing')}`
}
