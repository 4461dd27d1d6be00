import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, hostname, platform, totalmem } from 'node:os'
import { runnerOf } from '../engines/registry.js'
import { ON_CPU } from '../metrics/runner.js'
import type { Model } from '../models/model.js'
import type { ModelSpec } from '../experiment/experiment.js'
import { nameOfModel } from './model.js'
import { packageVersion, versionIn } from './version.js'

const require = createRequire(import.meta.url)

/** What a stage was computed with. None of it but the model's digest and the engine is part of its key. */
export function provenance(
  model: ModelSpec,
  { digest, engine, runner, shape, labelDim }: Pick<Model, 'digest' | 'engine' | 'runner' | 'shape' | 'labelDim'>
) {
  const packages = new Set([runnerOf(ON_CPU).package, ...(runner ? [runnerOf(runner).package] : [])])
  return {
    versions: {
      'epd-run': packageVersion(),
      ...Object.fromEntries([...packages].map(name => [name, versionIn(require.resolve(`${name}/package.json`))])),
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
