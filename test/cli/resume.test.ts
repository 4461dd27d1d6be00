import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.js'
import { outcome } from '../support/outcome.js'
import { epdRun, type Line } from '../support/cli.js'
import { smallRun } from '../support/small-run.js'

const { spec, whole } = smallRun()

describe('the same spec', () => {
  it('finds everything in the store when it is run again', async () => {
    const lines: Line[] = []
    const { code } = await epdRun(['run', spec, '--store', whole, '--json'], { onLine: line => lines.push(line) })
    expect(code).toBe(0)
    expect(lines.filter(({ type }) => type === 'cached').length).toBe(8)
    expect(lines.some(({ type }) => type === 'started')).toBe(false)
  })

  it('computes anew what has been lost from the store, and nothing else', async () => {
    const before = outcome(whole)
    const store = openStore(whole)
    const [artifact] = store.artifacts(before.stages.find(({ name }) => name === 'euler')!.key, 'samples')
    const path = store.artifactPath(artifact)
    store.close()
    rmSync(path)
    const lines: Line[] = []
    await epdRun(['run', spec, '--store', whole, '--json'], { onLine: line => lines.push(line) })
    expect(lines.filter(({ type }) => type === 'started').map(({ stage }) => stage)).toEqual(['euler'])
    expect(outcome(whole)).toEqual(before)
  })
})

describe('images', () => {
  it('lie where people look for them', () => {
    const store = openStore(whole)
    const [{ id }] = store.runs()
    store.close()
    const png = (...path: string[]) =>
      readFileSync(join(whole, 'images', id, ...path))
        .subarray(1, 4)
        .toString()
    expect(png('samples.png')).toBe('PNG')
    expect(png('samples', '002000', '002069.png')).toBe('PNG')
  })
})
