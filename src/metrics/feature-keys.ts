import { mappingWithAxes, orAxis, ref, type Definitions, type Schema } from '../reading/keys.js'
import type { FeatureNetwork, FeatureSpec } from './feature-network.js'
import { FEATURE_NETWORKS } from './feature-networks.js'

export type { FeatureSpec }

export const FEATURES = ref<FeatureSpec>('features')

const [FIRST, ...OTHERS] = FEATURE_NETWORKS
const NAMES = FEATURE_NETWORKS.map(({ name }) => name)

/** The name of the definition of a network's keys. */
export function definitionName(network: string): string {
  return `${network}-features`
}

/** The definition of a network whose features are compared; `network` tells which keys there are. */
export const FEATURE_DEFINITIONS: Definitions = {
  features: orAxis({
    title: 'a mapping with weights, or with network',
    description:
      'The network whose features are compared: Inception-v3 by its weights, or one that comes with the project by its name.',
    ...whereNetwork(
      { not: { enum: NAMES } },
      { properties: { network: { enum: NAMES } } },
      OTHERS.reduce<Schema>(
        (otherwise, { name }) => whereNetwork({ const: name }, ref(definitionName(name)), otherwise),
        ref(definitionName(FIRST.name))
      )
    )
  }),
  ...Object.fromEntries(FEATURE_NETWORKS.map(network => [definitionName(network.name), keysOf(network)]))
}

/** One schema for features whose `network` is of a kind, and another one for all others. */
function whereNetwork(network: Schema, then: Schema, otherwise: Schema): Schema {
  return {
    type: 'object',
    if: { type: 'object', required: ['network'], properties: { network } },
    then,
    else: otherwise
  }
}

function keysOf({ description, keys }: FeatureNetwork): Schema {
  const network = { description: `Which network it is. Default: ${FIRST.name}.`, enum: NAMES }
  return { description, ...mappingWithAxes({ network, ...keys }) }
}
