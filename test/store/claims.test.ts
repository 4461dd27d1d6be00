import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/store/migrations.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore, type Claim, type WritableStore } from '../../src/store/store.js'

const program = fileURLToPath(new URL('other.ts', import.meta.url))
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

/** A process of its own with the store open, which does what it is asked. */
function other(): { child: ChildProcess; ask: (command: string) => Promise<unknown> } {
  const child = spawn(process.execPath, ['--import', 'tsx', program, root], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    ask: async (command: string): Promise<unknown> => {
      child.stdin.write(`${command}\n`)
      return (await answers.next()).value
    }
  }
}

/** The claim as soon as the store gives it. */
async function eventually(name: string): Promise<Claim> {
  for (;;) {
    const claim = store.claim(name)
    if (claim) return claim
    await sleep(100)
  }
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

  it('is given to one of many that ask at once', async () => {
    const others = [other(), other(), other()]
    const given = await Promise.all(others.map(({ ask }) => ask('begin k')))
    expect(given.filter(answer => answer === 'given')).toHaveLength(1)
  })

  it('of a process that was killed is free at once', async () => {
    const { child, ask } = other()
    await ask('begin k')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(store.claim('k')).toBeDefined()
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

  it('of a machine that cannot be seen is free once it has been silent for seconds', () => {
    store.claim('k')
    const database = openDatabase(join(root, 'store.sqlite'))
    const silentFor = (milliseconds: number) => {
      database.prepare("UPDATE claims SET machine = 'elsewhere', heartbeat = ?").run(Date.now() - milliseconds)
    }
    silentFor(2_000)
    expect(store.claim('k')).toBeUndefined()
    silentFor(6_000)
    expect(store.claim('k')).toBeDefined()
    database.close()
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

describe('a store that does not exist yet', () => {
  it('is made once by many processes that open it at once', async () => {
    store.close()
    root = mkdtempSync(join(tmpdir(), 'epd-claims-'))
    const answers = await Promise.all(Array.from({ length: 4 }, (_, i) => other().ask(`begin k${i}`)))
    expect(answers).toEqual(['given', 'given', 'given', 'given'])
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
