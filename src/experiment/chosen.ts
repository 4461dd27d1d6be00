import { child, isMapping, type Mapping } from '../reading/plain.js'
import type { StageBase } from '../stages/kind.js'
import type { StageKinds } from '../stages/registry.js'
import { references } from './graph.js'
import { axisIn, mappingsOf } from './matrix.js'

/**
 * The texts among the values of those axes by which stages name others: a stage of such a name is a choice of its axis.
 */
export function choicesOfAxes(spec: unknown, kinds: StageKinds): Set<string> {
  const [matrix, stages] = [child(spec, 'matrix'), child(spec, 'stages')]
  const found = new Set<string>()
  if (!isMapping(matrix) || !isMapping(stages)) return found
  const named = Object.values(stages).flatMap(stage => references(stage, kinds).map(({ to }) => to))
  const axes = new Set(named.flatMap(to => axisIn(to) ?? []))
  // A set grows while it is looked through: by axes that the values of others name.
  for (const axis of axes)
    for (const value of valuesOf(matrix, axis)) {
      const other = axisIn(value)
      if (other !== undefined) axes.add(other)
      else if (typeof value === 'string') found.add(value)
    }
  return found
}

/** The values of an axis, and those that included cases give it. */
function valuesOf(matrix: Mapping, axis: string): unknown[] {
  const own = matrix[axis]
  const values: unknown[] = Array.isArray(own) || isMapping(own) ? Object.values(own) : []
  return [...values, ...mappingsOf(matrix.include).map(one => one[axis])]
}

/**
 * The stages that one case of a matrix asks for: all but those that are choices of an axis and not this case's, and
 * those that only such stages need. `stages` stand in order, each after those that it needs.
 */
export function chosenStages(
  stages: readonly StageBase[],
  choices: ReadonlySet<string>,
  kinds: StageKinds
): readonly StageBase[] {
  if (choices.size === 0) return stages
  const [needed, named] = [new Set<string>(), new Set<string>(choices)]
  const kept = stages.toReversed().filter(stage => {
    const inputs = kinds.of(stage).inputs(stage)
    for (const input of inputs) named.add(input)
    const asked = needed.has(stage.name) || !named.has(stage.name)
    if (asked) for (const input of inputs) needed.add(input)
    return asked
  })
  return kept.toReversed()
}
