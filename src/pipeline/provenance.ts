import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, hostname, platform, totalmem } from 'node:os'
import type { Model } from '../models/open.js'
import type { ModelSpec } from '../spec/experiment.js'

const require = createRequire(import.meta.url)

/** The version of this package. */
export function packageVersion(): string {
  return versionIn(new URL('../../package.json', import.meta.url))
}

/** What a stage was computed with. None of it but the model's digest and the engine is part of its key. */
export function provenance({ checkpoint }: ModelSpec, { digest, engine }: Pick<Model, 'digest' | 'engine'>) {
  return {
    versions: {
      'epd-run': packageVersion(),
      'onnxruntime-node': versionIn(require.resolve('onnxruntime-node/package.json')),
      node: process.version
    },
    machine: {
      host: hostname(),
      platform: `${platform()}-${arch()}`,
      cpu: cpus().at(0)?.model ?? 'unknown',
      cores: availableParallelism(),
      memory: totalmem()
    },
    model: { checkpoint, digest, engine }
  }
}

function versionIn(file: string | URL): string {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return known ? String(manifest.version) : 'unknown'
}
