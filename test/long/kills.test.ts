import { describe, expect, it } from 'vitest'
import { outcome } from '../support/outcome.js'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'
import { smallRun, stored } from '../support/small-run.js'

const { spec, whole } = smallRun()
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
