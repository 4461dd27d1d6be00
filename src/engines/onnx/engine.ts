import type { Engine } from '../engine.js'
import { PROVIDERS, type OnnxProvider } from './providers.js'

/**
 * ONNX Runtime. It alone gives a sample the same bits in any batch, on its CPU provider, and reads ONNX files of
 * others.
 */
export const onnx: Engine<OnnxProvider> = {
  name: 'onnx',
  package: 'onnxruntime-node',
  providers: PROVIDERS,
  open: async (...given) => (await import('./network.js')).openNetwork(...given),
  openFile: async (...given) => (await import('./file.js')).openFile(...given),
  trial: async (...given) => (await import('./network.js')).trial(...given)
}
