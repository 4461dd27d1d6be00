import type { Condition, Denoiser } from './denoiser.js'

/** The condition of so many samples, followed by that of as many that they are led away from. */
export type Contrast = (condition: Condition | undefined, samples: number) => Condition

/** Prompts, and the one that samples are led away from. */
export function againstPrompt(negative: string): Contrast {
  return (condition, samples) => {
    const prompts = condition?.prompts ?? new Array<string>(samples).fill('')
    return { prompts: [...prompts, ...new Array<string>(samples).fill(negative)] }
  }
}

/** Classes, and none, which a network whose labels were dropped in training is told by a row of zeros. */
export const againstNoClass: Contrast = (condition, samples) => {
  const labels = new Int32Array(2 * samples).fill(-1)
  if (condition?.labels) labels.set(condition.labels)
  return { labels }
}

/**
 * A model led away from what another condition would lead to (Ho & Salimans 2022, arXiv 2207.12598): D(other) + scale
 * (D(own) - D(other)), both in one batched evaluation, which is counted as two.
 */
export function freelyGuided<Of extends Denoiser>(model: Of, scale: number, contrast: Contrast): Of {
  async function guide(x: Float64Array, sigma: Float64Array, condition?: Condition) {
    const both = await model.denoise(twice(x), twice(sigma), contrast(condition, sigma.length))
    return both.subarray(0, x.length).map((value, i) => both[x.length + i] + scale * (value - both[x.length + i]))
  }
  const { smooth } = model
  return {
    ...model,
    nfeFactor: 2 * model.nfeFactor,
    smooth: smooth && freelyGuided(smooth, scale, contrast),
    denoise: guide,
    features: undefined
  }
}

function twice(values: Float64Array): Float64Array {
  const both = new Float64Array(2 * values.length)
  both.set(values)
  both.set(values, values.length)
  return both
}
