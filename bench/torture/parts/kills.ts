import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { smallSpec } from '../../../test/support/cli.js'
import { inPairs } from '../parallel.js'
import { tally, type Context, type Part, type Tally } from '../part.js'
import { random, type Random } from '../random.js'
import { checkStrace, injected, survey, type Call } from '../strace.js'
import { expectNoneLeft, launch, mark } from '../trial.js'
import { expectWhole, wholeRun, type Whole } from '../whole.js'

/** Trials by the number of runs that are killed before the last one, which is not. */
const TRIALS = { once: 140, twice: 50, thrice: 10 }
const SHORT = { once: 1, twice: 1, thrice: 0 }

export const kills: Part = {
  name: 'kills',
  title:
    'One run is killed at a system call that changes the store, then what goes on from there is, then a last run is left alone.',
  async *run(context: Context) {
    const { seed, short, folder, say } = context
    checkStrace()
    const spec = smallSpec('psnr, rmse')
    const whole = await wholeRun(spec, join(folder, 'whole'))
    const store = join(folder, 'counted')
    const calls = await survey(['run', spec, '--store', store], store)
    say(`an undisturbed run changes its store by ${calls.length} calls`)
    const { once, twice, thrice } = short ? SHORT : TRIALS
    const places = { spec, whole, folder }
    for (const [killed, count] of [once, twice, thrice].entries()) {
      if (count === 0) continue
      const chance = random(`${seed} ${killed}`)
      const what = ['a run is killed', 'its recovery is killed too', 'the recovery of that is killed too'][killed]
      yield await row(spread(calls, count, chance), killed, { ...places, tally: tally(what, say), chance })
    }
  }
}

interface Trial {
  readonly spec: string
  readonly whole: Whole
  readonly folder: string
  readonly tally: Tally
  readonly chance: Random
}

async function row(moments: readonly Call[], again: number, trial: Trial) {
  let living = 0
  const draws = moments.map(call => ({ call, later: Array.from({ length: again }, () => trial.chance.uniform()) }))
  await inPairs(draws, async ({ call, later }, number) => {
    trial.tally.trial()
    const met = await killed(join(trial.folder, `${again}-${number}`), call, later, trial)
    living += met
  })
  return trial.tally.row(`${living} of ${moments.length * (again + 1)} kills met a living process`)
}

/** Kills a run at a call, and each that goes on from there at a share of its own calls; then lets one end. */
async function killed(store: string, call: Call, later: readonly number[], { spec, whole, tally }: Trial) {
  const args = ['run', spec, '--store', store]
  const marked = mark()
  const told = [toldOf(call)]
  let living = await kill(args, call, store, marked)
  for (const share of later) {
    const copy = `${store}-counted`
    if (existsSync(store)) cpSync(store, copy, { recursive: true })
    const calls = await survey(['run', spec, '--store', copy], copy)
    rmSync(copy, { recursive: true })
    const next = calls[Math.floor(share * calls.length)]
    told.push(toldOf(next))
    living += await kill(args, next, store, marked)
  }
  await expectNoneLeft(marked, tally)
  const { code, stderr } = await launch(args, { marked }).ended
  const when = `kills at ${told.join(' and ')}`
  if (code !== 0) tally.fault('wrong', `the last run ended with ${code} after ${when}: ${stderr}`)
  expectWhole(store, whole, tally, when)
  await expectNoneLeft(marked, tally)
  rmSync(store, { recursive: true, force: true })
  return living
}

async function kill(args: readonly string[], call: Call, folder: string, marked: string): Promise<number> {
  const { signal } = await injected(args, { call, what: 'signal=KILL' }, { folder, marked })
  return signal === 'SIGKILL' ? 1 : 0
}

function toldOf({ name, nth, path }: Call): string {
  return `${name} ${nth} of ${path}`
}

/** Calls in equal distances from each other over the run, each moved at random by less than the distance. */
function spread(calls: readonly Call[], count: number, { uniform }: Random): readonly Call[] {
  return Array.from({ length: count }, (_, i) => calls[Math.floor(((i + uniform()) / count) * calls.length)])
}
