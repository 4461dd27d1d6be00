import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.js'
import { outcome } from '../support/outcome.js'
import { epdRun, smallSpec, temporaryFolder, type Line } from '../support/cli.js'

const spec = smallSpec('psnr, rmse')
const whole = temporaryFolder()

beforeAll(async () => {
  expect(await epdRun(['run', spec, '--store', whole, '--json'])).toMatchObject({ code: 0, stderr: '' })
}, 60_000)

const stored = (stage: string, seeds: number) => (line: Line) =>
  line.type === 'progress' && line.stage === stage && Number(line.stored) >= seeds
const iteration = (stage: string, n: number) => (line: Line) =>
  line.type === 'progress' && line.stage === stage && line.unit === 'iterations' && Number(line.done) >= n
const started = (stage: string) => (line: Line) => line.type === 'started' && line.stage === stage

const moments: [string, (line: Line) => boolean][] = [
  ['in the first shard of the teacher', started('teacher')],
  ['after a shard of the teacher', stored('teacher', 64)],
  ['after the first iteration of the distillation', iteration('student', 1)],
  ['after the second iteration of the distillation', iteration('student', 2)],
  ['after a shard of samples', stored('samples', 64)],
  ['while scoring', started('score')]
]

/** Runs the spec until a line says that the moment has come, and kills it then. */
async function killedAt(moment: (line: Line) => boolean, store: string): Promise<boolean> {
  let killed = false
  await epdRun(['run', spec, '--store', store, '--json'], {
    onLine(line, child) {
      if (!killed && moment(line)) killed = child.kill('SIGKILL')
    }
  })
  return killed
}

describe('a run killed with SIGKILL', () => {
  const store = temporaryFolder()

  describe('at one moment after the other', () => {
    it.each(moments)('%s, has not ended', async (_, moment) => {
      expect(await killedAt(moment, store)).toBe(true)
      expect(outcome(store).status).toBe('interrupted')
    })

    it('ends, started again, with the same bits as one never killed', async () => {
      expect(await epdRun(['resume', '--store', store])).toMatchObject({ code: 0, stderr: '' })
      expect(outcome(store)).toEqual(outcome(whole))
    })
  })

  it('again and again still ends with the same bits', async () => {
    const store = temporaryFolder()
    for (let lines = 12; ; lines += 12) {
      let seen = 0
      const { code } = await epdRun(['run', spec, '--store', store, '--json'], {
        onLine(_line, child) {
          seen += 1
          if (seen === lines) child.kill('SIGKILL')
        }
      })
      if (code === 0) break
    }
    expect(outcome(store)).toEqual(outcome(whole))
  })
})

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

describe('Ctrl-C', () => {
  it('stops cleanly, keeps what is done, and says how to go on', async () => {
    const store = temporaryFolder()
    let sent = false
    const stopped = await epdRun(['run', spec, '--store', store, '--json'], {
      onLine(line, child) {
        if (!sent && stored('teacher', 64)(line)) sent = child.kill('SIGINT')
      }
    })
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toMatch(
      /^Interrupted; what is done is kept\. Continue with: epd-run resume small-[0-9a-f]{8} --store .*\n$/
    )
    expect(outcome(store).status).toBe('interrupted')
    expect(outcome(store).stages[0].shards.length).toBeGreaterThan(0)
    const [, id] = /resume (\S+)/.exec(stopped.stderr)!
    expect(await epdRun(['resume', id, '--store', store])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })
})

describe('two processes on one store', () => {
  it('share the work, no stage computed twice, and leave the same bytes as one in another store', async () => {
    const store = temporaryFolder()
    const lines: Line[] = []
    const both = await Promise.all(
      [0, 1].map(() => epdRun(['run', spec, '--store', store, '--json'], { onLine: line => lines.push(line) }))
    )
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' }
    ])
    expect(lines.filter(({ type }) => type === 'started').length).toBe(8)
    expect(outcome(store)).toEqual(outcome(whole))
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
