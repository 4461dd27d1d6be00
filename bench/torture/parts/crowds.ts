import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { smallSpec } from '../../../test/support/cli.js'
import { outcome } from '../../../test/support/outcome.js'
import { tally, type Context, type Part } from '../part.js'
import { random, type Random } from '../random.js'
import { expectNoneLeft, expectOutcome, launch, mark, type Ended, type Launched } from '../trial.js'

const PROCESSES = 8
const KILLED = 3
/** Kills fall within so many seconds after the start. */
const SPAN = 8

export const crowds: Part = {
  name: 'crowds',
  title: `${PROCESSES} processes run one experiment on one new store at once, and ${KILLED} of them are killed.`,
  async *run({ seed, short, folder, say }: Context) {
    const { uniform, below } = random(seed)
    const spec = smallSpec('psnr, rmse')
    const whole = join(folder, 'whole')
    await launch(['run', spec, '--store', whole]).ended
    const wanted = outcome(whole)
    const row = tally(`${PROCESSES} processes, ${KILLED} killed`, say)
    for (let trial = 0; trial < (short ? 1 : 60); trial++) {
      row.trial()
      const store = join(folder, `store-${trial}`)
      mkdirSync(store)
      const marked = mark()
      const crowd = Array.from({ length: PROCESSES }, () =>
        launch(['run', spec, '--store', store, '--json'], { marked })
      )
      const all = Promise.all(crowd.map(({ ended }) => ended))
      await killSome(crowd, { uniform, below })
      const ends = await all
      for (const problem of problems(ends)) row.fault('wrong', problem)
      await expectNoneLeft(marked, row)
      await launch(['run', spec, '--store', store]).ended
      expectOutcome(store, wanted, row, 'a crowd')
    }
    yield row.row()
  }
}

async function killSome(crowd: readonly Launched[], { uniform, below }: Random): Promise<void> {
  const living = [...crowd]
  const moments = Array.from({ length: KILLED }, () => uniform() * SPAN).sort((a, b) => a - b)
  for (const [i, moment] of moments.entries()) {
    await setTimeout(1000 * (moment - (moments[i - 1] ?? 0)))
    living.splice(below(living.length), 1)[0].child.kill('SIGKILL')
  }
}

/** Survivors end well, and compute each stage once. */
function problems(ends: readonly Ended[]): readonly string[] {
  const survivors = ends.filter(({ signal }) => signal !== 'SIGKILL')
  const failed = survivors
    .filter(({ code }) => code !== 0)
    .map(({ code, stderr }) => `it ended with ${code}: ${stderr}`)
  const finished = survivors.flatMap(({ stdout }) => finishedStages(stdout))
  const twice = finished.filter((stage, i) => finished.indexOf(stage) < i)
  return [...failed, ...twice.map(stage => `${stage} was computed twice`)]
}

function finishedStages(stdout: string): readonly string[] {
  const lines = stdout.split('\n').filter(line => line.startsWith('{"type":"finished"'))
  return lines.map(line => {
    const { stage } = JSON.parse(line) as { stage: string }
    return stage
  })
}
