import type { DecoderMark, StageBase } from './kind.js'
import { STAGE_KINDS, type StageKinds } from './registry.js'

/**
 * Stages with those that are made for them and are not there yet: the ones that a stage reads stand before it, the
 * others behind it. `model` is known once it is open.
 */
export function withDerived(
  stages: readonly StageBase[],
  model?: { readonly decoder?: DecoderMark },
  kinds: StageKinds = STAGE_KINDS
): StageBase[] {
  const known = new Map(stages.map(stage => [stage.name, stage]))
  return stages.flatMap(stage => {
    const kind = kinds.of(stage)
    const derived = kind.derived?.(stage, name => known.get(name), model) ?? []
    const made = [...new Map(derived.map(one => [one.name, one])).values()].filter(({ name }) => !known.has(name))
    const inputs = kind.inputs(stage)
    const isRead = ({ name }: StageBase) => inputs.includes(name)
    return [...made.filter(isRead), stage, ...made.filter(one => !isRead(one))]
  })
}
