import type { ModelFamily } from '../../src/models/preconditioning.js'

/** A family of models of its own: the network answers the clean image itself, and is told sigma. */
export const PIXEL_MODEL: ModelFamily = {
  className: 'PixelModel',
  precondition: () => ({ sigmaMin: 0.1, sigmaMax: 10, at: sigma => ({ skip: 0, out: 1, in: 1, noise: sigma }) })
}
