import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/store/migrations.js'
import { createStore, type Claim, type WritableStore } from '../../src/store/store.js'
import { otherProcess } from '../support/other-process.js'

let root: string
let store: WritableStore
const children: ChildProcess[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epd-claims-'))
  store = createStore(root)
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  store.close()
})

function other() {
  const started = otherProcess(root)
  children.push(started.child)
  return started
}

/** The claim as soon as the store gives it. */
async function eventually(name: string): Promise<Claim> {
  for (;;) {
    const claim = store.claim(name)
    if (claim) return claim
    await sleep(100)
  }
}

describe('a claim', () => {
  it('is given to one of many that ask at once', async () => {
    const others = [other(), other(), other()]
    const given = await Promise.all(others.map(({ ask }) => ask('begin k')))
    expect(given.filter(answer => answer === 'given')).toHaveLength(1)
  })

  it('of a process that was stopped is taken over within seconds, and what it then puts is refused', async () => {
    const { child, ask } = other()
    await ask('begin k')
    child.kill('SIGSTOP')
    const claim = await eventually('k')
    store.putShard(claim, { position: 0, seeds: [7], evaluations: 1, files: [] })
    child.kill('SIGCONT')
    expect(await ask('put')).toBe('claim-lost')
    expect(store.shards('k').map(({ seeds }) => seeds)).toEqual([[7]])
  })
})

describe('a store that does not exist yet', () => {
  it('is made once by many processes that open it at once', async () => {
    store.close()
    root = mkdtempSync(join(tmpdir(), 'epd-claims-'))
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => other().ask(`begin k${i}`)))
    expect(answers).toEqual(new Array(12).fill('given'))
    store = createStore(root)
    expect(store.query('PRAGMA user_version').rows).toEqual([[MIGRATIONS.length]])
  })
})

describe('a process that is killed while it puts shards', () => {
  it('leaves each of them whole or not at all', async () => {
    const { child, ask } = other()
    await ask('begin k')
    await ask('putOnAndOn')
    await sleep(700)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const positions = store.shards('k').map(({ position }) => position)
    expect(positions.length).toBeGreaterThan(0)
    for (const name of ['a', 'b']) {
      const files = store.artifacts('k', name)
      expect(files.map(({ position }) => position)).toEqual(positions)
      for (const one of files) expect(store.readArtifact(one)[0]).toBe(one.position % 256)
    }
  })
})
