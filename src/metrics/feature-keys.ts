import { mappingWithAxes, orAxis, ref, type Definitions, type Schema } from '../reading/keys.js'
import type { FeatureNetwork, FeatureSpec } from './feature-network.js'
import { FEATURE_NETWORKS } from './feature-networks.js'

export type { FeatureSpec }

export const FEATURES = ref<FeatureSpec>('features')

const [FIRST, ...OTHERS] = FEATURE_NETWORKS
const NAMES = FEATURE_NETWORKS.map(({ name }) => name)

/** The definition of a network whose features are compared; `network` tells which keys there are. */
export const FEATURE_DEFINITIONS: Definitions = {
  features: orAxis({
    title: 'a mapping with weights, or with network',
    description: `The network whose features are compared: Inception-v3 of 2015, as FID uses it, by its weights; or one that comes with the project.`,
    ...OTHERS.reduce<Schema>(
      (otherwise, network) => ({
        type: 'object',
        if: { type: 'object', required: ['network'], properties: { network: { const: network.name } } },
        then: keysOf(network),
        else: otherwise
      }),
      keysOf(FIRST)
    )
  })
}

function keysOf({ keys }: FeatureNetwork): Schema {
  const network = {
    description: `Which network it is. Default: ${FIRST.name}.`,
    enum: NAMES
  }
  return mappingWithAxes({ network, ...keys })
}
