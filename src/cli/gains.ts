import { firstNames } from '../first-names.js'
import { sample, usesLearned } from '../stages/sample.js'
import { isOf, type StageBase } from '../stages/kind.js'
import type { ResultRow } from '../store/store.js'

/** Samples of a run as the summary compares them. */
interface Sampled {
  readonly name: string
  readonly nfe: number
  /** Evaluations of the model for one image, those of one parallel NFE each counted. */
  readonly evaluations: number
  readonly learned: boolean
  /** The stage that scored them, and what it found; absent: nothing has. */
  readonly score?: string
  readonly rmse?: number
}

/**
 * What each NFE has cost in evaluations of the model, and how much nearer to the reference the best sampler that was
 * learned comes than the best that learns nothing, in sentences. RMSE is compared within one score stage and one NFE.
 * @param results what `Store.results` has of the run; `stages`: the stages of its plan
 */
export function gains(results: readonly ResultRow[], stages: readonly StageBase[]): string[] {
  const all = sampled(results, new Map(stages.map(stage => [stage.name, stage])))
  const levels = [...new Set(all.map(({ nfe }) => nfe))].sort((a, b) => a - b)
  const compared = levels.filter(nfe => all.some(one => one.nfe === nfe && one.rmse !== undefined))
  return compared.flatMap(nfe => {
    const own = all.filter(one => one.nfe === nfe)
    return [costLine(nfe, own), ...gainLines(nfe, own)]
  })
}

function sampled(results: readonly ResultRow[], stages: ReadonlyMap<string, StageBase>): readonly Sampled[] {
  return results.flatMap(({ samples, nfe, evaluations, images, score, metrics }) => {
    const stage = stages.get(samples)
    if (!isOf(sample, stage) || nfe === null || evaluations === null || !images) return []
    const scored = score === null ? {} : { score, rmse: metrics.rmse }
    return [{ name: samples, nfe, evaluations: evaluations / images, learned: usesLearned(stage), ...scored }]
  })
}

/** Names of samples that one cost is told of. */
const SHOWN = 3

function costLine(nfe: number, own: readonly Sampled[]): string {
  const costs = [...new Set(own.map(({ evaluations }) => evaluations))].sort((a, b) => a - b)
  const parts = costs.map(cost => {
    const names = new Set(own.flatMap(({ evaluations, name }) => (evaluations === cost ? name : [])))
    return `${inDigits(cost)} with ${firstNames(names, SHOWN)}`
  })
  return `${nfe} NFE cost these evaluations an image: ${parts.join('; ')}.`
}

function gainLines(nfe: number, own: readonly Sampled[]): string[] {
  const scores = [...new Set(own.flatMap(({ score }) => score ?? []))]
  return scores.flatMap(score => {
    const here = own.filter(one => one.score === score)
    const [learned, plain] = [bestOf(here.filter(one => one.learned)), bestOf(here.filter(one => !one.learned))]
    if (!learned || !plain) return []
    const where = scores.length > 1 ? `, by ${score}` : ''
    return [
      `At ${nfe} NFE ${learned.name} has an RMSE of ${learned.rmse.toPrecision(3)}, ${ratio(learned.rmse, plain.rmse)} ` +
        `the ${plain.rmse.toPrecision(3)} of ${plain.name}, the best that learns nothing${where}.`
    ]
  })
}

function bestOf(all: readonly Sampled[]): (Sampled & { readonly rmse: number }) | undefined {
  return all
    .flatMap(one => (one.rmse === undefined ? [] : [{ ...one, rmse: one.rmse }]))
    .sort((a, b) => a.rmse - b.rmse)
    .at(0)
}

function ratio(learned: number, plain: number): string {
  if (learned === plain) return 'the same as'
  const [factor, word] = learned < plain ? [plain / learned, 'lower than'] : [learned / plain, 'higher than']
  return `${factor < 10 ? factor.toPrecision(2) : Math.round(factor)} times ${word}`
}

function inDigits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
