import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { corrected } from '../../tools/lock.js'

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as Parameters<
  typeof corrected
>[0]

it('package-lock.json keeps CUDA libraries and a compiler out of npm ci (npm run lock writes it again)', () => {
  expect(lock).toEqual(corrected(lock))
})

it('a lock that an update has written is corrected', () => {
  const updated = structuredClone(lock)
  updated.packages['node_modules/better-sqlite3']!.engines = { node: '>=22' }
  updated.packages['node_modules/better-sqlite3-12']!.engines = { node: '20.x || 22.x || 24.x' }
  updated.packages['node_modules/onnxruntime-node']!.hasInstallScript = true
  expect(corrected(updated)).toEqual(lock)
})

it('better-sqlite3 is no optional package where it is needed, so that npm says what it cannot fetch', () => {
  expect(lock.packages['']).toMatchObject({
    dependencies: { 'better-sqlite3': expect.any(String) as string },
    optionalDependencies: { 'better-sqlite3-12': expect.any(String) as string }
  })
  expect(lock.packages['node_modules/better-sqlite3']).not.toHaveProperty('optional')
})
