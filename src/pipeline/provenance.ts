import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, hostname, platform, totalmem } from 'node:os'
import type { Model } from '../models/model.js'
import type { ModelSpec } from '../spec/experiment.js'
import { nameOfModel } from './model.js'
import { packageVersion, versionIn } from './version.js'

const require = createRequire(import.meta.url)

/** What a stage was computed with. None of it but the model's digest and the engine is part of its key. */
export function provenance(
  model: ModelSpec,
  { digest, engine, shape, labelDim }: Pick<Model, 'digest' | 'engine' | 'shape' | 'labelDim'>
) {
  return {
    versions: {
      'epd-run': packageVersion(),
      'onnxruntime-node': versionIn(require.resolve('onnxruntime-node/package.json')),
      ...(engine.startsWith('tfjs:') && {
        '@tensorflow/tfjs-core': versionIn(require.resolve('@tensorflow/tfjs-core/package.json'))
      }),
      node: process.version
    },
    machine: {
      host: hostname(),
      platform: `${platform()}-${arch()}`,
      cpu: cpus().at(0)?.model ?? 'unknown',
      cores: availableParallelism(),
      memory: totalmem()
    },
    model: { checkpoint: nameOfModel(model), digest, engine, shape, labelDim }
  }
}
