import type { Condition, Denoiser } from './denoiser.js'

/**
 * A model led away from what another prompt would lead to (Ho & Salimans 2022, arXiv 2207.12598): D(negative) + scale
 * (D(prompt) - D(negative)), both in one batched evaluation, which is counted as two.
 */
export function freelyGuided<Of extends Denoiser>(model: Of, scale: number, negative: string): Of {
  async function guide(x: Float64Array, sigma: Float64Array, condition?: Condition) {
    const samples = sigma.length
    const prompts = condition?.prompts ?? new Array<string>(samples).fill('')
    const both = await model.denoise(twice(x), twice(sigma), {
      prompts: [...prompts, ...new Array<string>(samples).fill(negative)]
    })
    return both.subarray(0, x.length).map((value, i) => both[x.length + i] + scale * (value - both[x.length + i]))
  }
  const { smooth } = model
  return {
    ...model,
    nfeFactor: 2 * model.nfeFactor,
    smooth: smooth && freelyGuided(smooth, scale, negative),
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
