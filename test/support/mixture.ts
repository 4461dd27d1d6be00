import { gaussianMixture } from '../../src/models/mixture.js'
import type { Shape } from '../../src/models/denoiser.js'
import { fixture } from './fixture.js'

const { weights, means, stds } = fixture<{ weights: number[]; means: number[][]; stds: number[][] }>('gmm.json')

/** The Gaussian mixture that the reference numbers were made on. */
export const shape: Shape = [3, 2, 2]
export const mixture = gaussianMixture({ weights, means, stds, shape })
