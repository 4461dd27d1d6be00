import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { findGarbage } from '../../src/pipeline/garbage.js'
import { openStore } from '../../src/store/store.js'
import { epdRun, main, temporaryFolder } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { smallRun, stored } from '../support/small-run.js'

const { spec, whole } = smallRun()

/** A run that shares most of its stages with the small one. */
const other = (store: string) => [
  'run',
  spec,
  '--set',
  'name=other',
  '--set',
  'stages.euler.seeds=2000-2060',
  '--store',
  store
]

/** Collects garbage, and is killed after so many milliseconds unless it has ended. */
async function killedCollection(store: string, after: number): Promise<void> {
  const child = spawn(process.execPath, [main, 'gc', '--store', store], { stdio: 'ignore' })
  const ended = once(child, 'close')
  await Promise.race([sleep(after), ended])
  child.kill('SIGKILL')
  await ended
}

/** Collects garbage again and again until it is told to stop. Returns what went wrong. */
async function collections(store: string, stopped: () => boolean): Promise<string[]> {
  const wrong: string[] = []
  while (!stopped()) {
    const { code, stderr } = await epdRun(['gc', '--store', store])
    if (code !== 0) wrong.push(stderr)
  }
  return wrong
}

describe('a store in which 8 processes run, remove and collect, some of which are killed', () => {
  it('loses nothing that is referred to, and its results are those of an undisturbed run', async () => {
    const store = temporaryFolder()
    expect(await epdRun(other(store))).toMatchObject({ code: 0 })
    const removed = outcome(store)
    let isDone = false
    const collecting = [collections(store, () => isDone), collections(store, () => isDone)]
    const run = (kill: boolean) => {
      let killed = false
      return epdRun(['run', spec, '--store', store, '--json'], {
        onLine(line, child) {
          if (kill && !killed && stored('euler', 1)(line)) killed = child.kill('SIGKILL')
        }
      })
    }
    const working = [run(true), run(true), run(false), run(false)]
    const removing = epdRun(['rm', 'other', '--store', store])
    const killing = (async () => {
      for (const after of [600, 1200, 2400, 4800]) await killedCollection(store, after)
    })()
    const ended = await Promise.all(working)
    expect((await removing).code).toBe(0)
    await killing
    isDone = true
    expect((await Promise.all(collecting)).flat()).toEqual([])
    expect(ended.slice(2).map(({ code }) => code)).toEqual([0, 0])
    expect(ended.slice(2).map(({ stderr }) => stderr)).toEqual(['', ''])
    expect(outcome(store)).toEqual(outcome(whole))
    expect(await epdRun(['gc', '--store', store])).toMatchObject({ code: 0, stderr: '' })
    expect(outcome(store)).toEqual(outcome(whole))
    const read = openStore(store)
    try {
      const [only, ...more] = read.runs()
      expect([only.name, more]).toEqual(['small', []])
      for (const { key } of read.runStages(only.id)) expect(read.damageOf(key)).toBeUndefined()
      expect(await findGarbage(read)).toMatchObject({ stages: [], objects: [], images: [] })
      const gone = removed.stages.find(({ name }) => name === 'euler')
      expect(read.isBegun(gone?.key ?? '')).toBe(false)
    } finally {
      read.close()
    }
  })
})
