import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryName } from '../../src/files/place.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore, type WritableStore } from '../../src/store/store.js'
import { otherProcess } from '../support/other-process.js'

let root: string
let store: WritableStore
const children: ChildProcess[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epd-claims-'))
  store = createStore(root)
})

afterEach(() => {
  vi.useRealTimers()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  store.close()
})

function other() {
  const started = otherProcess(root)
  children.push(started.child)
  return started
}

const codeOf = (code: string) => expect.objectContaining({ code }) as unknown

describe('a claim', () => {
  it('is given to one at a time, and again once it is released', async () => {
    const { ask } = other()
    expect(await ask('begin k')).toBe('given')
    expect(store.claim('k')).toBeUndefined()
    expect(store.claim('another')).toBeDefined()
    await ask('release')
    expect(store.claim('k')).toBeDefined()
  })

  it('of a process that was killed is free at once', async () => {
    const { child, ask } = other()
    await ask('begin k')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(store.claim('k')).toBeDefined()
  })

  it.each([-3_600_000, 0, 3_600_000])(
    'of a machine that cannot be seen, whose clock is %i ms ahead, is free once it was silent for 5 s',
    ahead => {
      vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
      const lookFor = (seconds: number) => {
        for (let second = 0; second < seconds; second++) {
          expect(store.claim('k')).toBeUndefined()
          vi.advanceTimersByTime(1000)
        }
      }
      store.claim('k')
      const database = openDatabase(join(root, 'store.sqlite'))
      const beat = database.prepare("UPDATE claims SET holder = 'other', machine = 'elsewhere', heartbeat = ?")
      beat.run(Date.now() + ahead)
      lookFor(5)
      beat.run(Date.now() + ahead + 1)
      lookFor(6)
      expect(store.holder('k')).toMatchObject({ sight: 'unknown', ahead: Math.max(0, Math.round(ahead / 1000)) })
      expect(store.claim('k')).toBeDefined()
      database.close()
    }
  )

  it('is not taken over by a process that has itself slept for long', () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    store.claim('k')
    const database = openDatabase(join(root, 'store.sqlite'))
    database.exec("UPDATE claims SET holder = 'other', machine = 'elsewhere'")
    database.close()
    expect(store.claim('k')).toBeUndefined()
    vi.advanceTimersByTime(3_600_000)
    expect(store.claim('k')).toBeUndefined()
  })

  it('of an earlier process of the same pid is free', () => {
    store.claim('k')
    const database = openDatabase(join(root, 'store.sqlite'))
    database.exec("UPDATE claims SET began = '1'")
    database.close()
    expect(store.claim('k')).toBeDefined()
  })

  it('that was lost refuses whatever is put with it', () => {
    const claim = store.claim('k')!
    store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
    const database = openDatabase(join(root, 'store.sqlite'))
    database.exec("UPDATE claims SET holder = 'another'")
    database.close()
    expect(() => {
      store.finishStage(claim, { evaluations: 1, seconds: 1 })
    }).toThrow(codeOf('claim-lost'))
    expect(store.stage('k')?.status).toBe('running')
  })
})

const run = { id: 'a-1', name: 'a', description: '', file: 'a.yaml', spec: '', overrides: [] }

describe('a run', () => {
  it('of a process that was killed is interrupted, and is written down so by the next that works in the store', async () => {
    const { child, ask } = other()
    await ask('run a-1')
    expect(store.run('a').status).toBe('running')
    const image = join(root, 'images', 'a-1', 'samples', (await ask('temporary')) as string)
    const mine = join(root, 'images', 'a-1', 'samples', temporaryName())
    mkdirSync(dirname(image), { recursive: true })
    for (const path of [image, mine]) writeFileSync(path, 'half')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(store.run('a')).toMatchObject({ status: 'interrupted', error: 'its process was killed' })
    const written = () => store.query('SELECT status FROM runs').rows
    expect(written()).toEqual([['running']])
    createStore(root).close()
    expect(written()).toEqual([['interrupted']])
    expect([image, mine].map(path => existsSync(path))).toEqual([false, true])
  })

  it('of a process that is stopped, or that another has begun too, is running', async () => {
    const { child, ask } = other()
    await ask('run a-1')
    child.kill('SIGSTOP')
    const second = createStore(root)
    second.beginRun(run, [])
    expect(store.run('a').status).toBe('running')
    second.endRun('a-1', 'failed', 'broken')
    expect(store.run('a')).toMatchObject({ status: 'running', error: null })
    second.close()
  })

  it('of a store that is closed before it ends is interrupted', () => {
    const second = createStore(root)
    second.beginRun(run, [])
    second.close()
    expect(store.run('a').status).toBe('interrupted')
  })
})

describe('a store', () => {
  const changes: Record<string, () => void> = {
    deleted() {
      rmSync(root, { recursive: true })
    },
    moved() {
      renameSync(root, `${root}-moved`)
    },
    replaced() {
      renameSync(root, `${root}-moved`)
      mkdirSync(root)
      writeFileSync(join(root, 'store.sqlite'), '')
    }
  }

  it.each(Object.keys(changes))('that was %s refuses whatever is put, and nothing of it is made again', how => {
    const claim = store.claim('k')!
    store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
    store.beginRun(run, [])
    changes[how]()
    const here = () => (existsSync(root) ? readdirSync(root, { recursive: true }) : undefined)
    const before = here()
    const file = { name: 'a', data: Buffer.from('a'), extension: 'bin', mediaType: 'text/plain' }
    const puts = [
      () => {
        store.putShard(claim, { position: 0, seeds: [7], evaluations: 1, files: [file] })
      },
      () => {
        store.finishStage(claim, { evaluations: 1, seconds: 1 })
      },
      () => {
        store.endRun('a-1', 'finished')
      },
      () => store.claim('another')
    ]
    for (const put of puts) expect(put).toThrow(codeOf('store-lost'))
    expect(here()).toEqual(before)
  })
})
