import type { Format } from '../checkpoints/format.js'
import { FORMATS } from '../checkpoints/formats.js'
import type { NetworkFamily } from '../networks/network.js'
import { NETWORK_FAMILIES } from '../networks/registry.js'
import { COMPVIS } from './compvis-layout.js'
import { DIFFUSERS } from './diffusers-layout.js'
import type { Layout } from './layout.js'
import type { ModelFamily } from './preconditioning.js'
import { MODEL_FAMILIES } from './preconditionings.js'
import { SINGLE } from './single-layout.js'

/** Every layout of checkpoints. The first that knows a checkpoint reads it. */
const LAYOUTS: readonly Layout[] = [DIFFUSERS, COMPVIS, SINGLE]

/** All that can be read of a checkpoint: each list may be extended by descriptors of the caller's own. */
export interface Readers {
  readonly formats: readonly Format[]
  readonly layouts: readonly Layout[]
  readonly networks: readonly NetworkFamily[]
  readonly models: readonly ModelFamily[]
}

export const READERS: Readers = {
  formats: FORMATS,
  layouts: LAYOUTS,
  networks: NETWORK_FAMILIES,
  models: MODEL_FAMILIES
}
