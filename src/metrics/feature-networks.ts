import type { FeatureNetwork, FeatureSpec } from './feature-network.js'
import { fashion28Network } from './fashion28-network.js'
import { inceptionNetwork } from './inception-network.js'

/** All networks whose features are compared; the first is meant where a spec names none. */
export const FEATURE_NETWORKS: readonly [FeatureNetwork, ...FeatureNetwork[]] = [inceptionNetwork, fashion28Network]

/** The network that a spec means. @throws RangeError for a name that a spec would not have got through with */
export function featureNetwork({ network }: Pick<FeatureSpec, 'network'>): FeatureNetwork {
  if (network === undefined) return FEATURE_NETWORKS[0]
  const found = FEATURE_NETWORKS.find(({ name }) => name === network)
  if (found) return found
  throw new RangeError(`there is no network of features ${network}`)
}
