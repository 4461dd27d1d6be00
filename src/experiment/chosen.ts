import { child, isMapping } from '../reading/plain.js'
import type { StageBase } from '../stages/kind.js'
import type { StageKinds } from '../stages/registry.js'

/** All texts among the values of a matrix's axes: a stage of such a name is a choice of its axis. */
export function choicesOfAxes(spec: unknown): Set<string> {
  const found = new Set<string>()
  const matrix = child(spec, 'matrix')
  if (!isMapping(matrix)) return found
  for (const [axis, values] of Object.entries(matrix))
    if (axis !== 'exclude' && (Array.isArray(values) || isMapping(values)))
      for (const value of Object.values(values)) if (typeof value === 'string') found.add(value)
  return found
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
