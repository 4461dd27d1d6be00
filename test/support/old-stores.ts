import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url))
const folder = join(fixtures, 'stores')

/** The versions of the store of which `test/fixtures/make-stores.ts` has kept one. */
export const OLD_VERSIONS: readonly number[] = readdirSync(folder)
  .flatMap(name => /^v(\d+)\.json\.gz$/.exec(name)?.[1] ?? [])
  .map(Number)
  .sort((a, b) => a - b)

/** Puts the store of an old version into a folder, which is made. */
export function unpackStore(version: number, dir: string): void {
  const files = JSON.parse(gunzipSync(readFileSync(packed(version))).toString()) as Readonly<Record<string, string>>
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), Buffer.from(content, 'base64'))
  }
}

/** Keeps what a run has stored, without what it could make again. */
export function packStore(version: number, dir: string): void {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1))
    .filter(path => path === 'store.sqlite' || path.startsWith('objects'))
    .sort()
  const contents = files.map(path => [path, readFileSync(join(dir, path)).toString('base64')])
  mkdirSync(folder, { recursive: true })
  writeFileSync(packed(version), gzipSync(JSON.stringify(Object.fromEntries(contents)), { level: 9 }))
}

function packed(version: number): string {
  return join(folder, `v${version}.json.gz`)
}

/** Writes the spec that the old stores were made by, with its model beside it; the path of the spec. */
export function tinySpec(dir: string): string {
  mkdirSync(dir, { recursive: true })
  copyFileSync(join(fixtures, 'edm', 'ddpmpp-uncond.pkl'), join(dir, 'model.pkl'))
  const file = join(dir, 'tiny.yaml')
  writeFileSync(file, TINY)
  return file
}

/** A run of it has every kind of row that all versions have. */
const TINY = `name: tiny
description: what a store of every version holds
model: { checkpoint: model.pkl }
solver: { name: epd, nfe: 3, points: 1, afs: true }
stages:
  lessons: { kind: teacher, solver: { name: euler }, refine: 1, substeps: 1, seeds: 0-1 }
  student:
    kind: distill
    teacher: lessons
    optimizer: { name: levenberg-marquardt, iterations: 1, finalIterations: 1 }
    validation: 2-3
  samples: { kind: sample, solver: student, seeds: 4-5 }
  reference: { kind: sample, solver: { name: euler, nfe: 4 }, seeds: 4-5 }
  score: { kind: score, samples: [samples], reference: reference, metrics: [rmse, psnr] }
`
