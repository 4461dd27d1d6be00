import type { Engine } from '../engine.js'
import { PROVIDERS, type TfjsProvider } from './providers.js'

/** TensorFlow.js. */
export const tfjs: Engine<TfjsProvider> = {
  name: 'tfjs',
  package: '@tensorflow/tfjs-core',
  providers: PROVIDERS,
  open: async (...given) => (await import('./network.js')).openNetwork(...given),
  trial: async (...given) => (await import('./network.js')).trial(...given)
}
