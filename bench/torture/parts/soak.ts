import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runExperiment } from '../../../src/index.js'
import { tinySpec } from '../../../test/support/old-stores.js'
import { tally, type Context, type Part, type Row } from '../part.js'

const MINUTES = 120
const SHORT = 20 / 60
/** How often the process is looked at, by the time that it takes. */
const LOOKS = 120
/** RSS of the last quarter may be so many times that of the second. */
const GROWTH = 1.1

export const soak: Part = {
  name: 'soak',
  title:
    'One process runs one experiment after another on one store, each with new seeds. Its memory, descriptors and threads must not grow.',
  async *run(context: Context) {
    const minutes = context.minutes ?? (context.short ? SHORT : MINUTES)
    const { runs, looks } = await run(context, minutes)
    yield judged(runs, looks, minutes, context)
  }
}

/** What the process holds at a moment. */
interface Look {
  readonly hours: number
  readonly rss: number
  readonly heap: number
  readonly external: number
  readonly descriptors: number
  readonly threads: number
  readonly store: number
}

async function run({ folder, say }: Context, minutes: number): Promise<{ runs: number; looks: readonly Look[] }> {
  const [spec, store] = [tinySpec(join(folder, 'spec')), join(folder, 'store')]
  const begun = performance.now()
  const hours = () => (performance.now() - begun) / 3_600_000
  const looks: Look[] = []
  const collect = collector()
  let runs = 0
  while (hours() * 60 < minutes) {
    const first = 100 + 4 * runs
    await runExperiment(spec, {
      store,
      set: [
        `stages.lessons.seeds=${first}-${first + 1}`,
        `stages.samples.seeds=${first + 2}-${first + 3}`,
        `stages.reference.seeds=${first + 2}-${first + 3}`
      ]
    })
    runs++
    if (hours() * 60 < (minutes * looks.length) / LOOKS) continue
    collect()
    looks.push({ hours: hours(), ...held(store) })
    if (looks.length % 12 === 0) say(`${runs} runs: ${JSON.stringify(looks.at(-1))}`)
  }
  return { runs, looks }
}

/** Garbage that waits to be collected is no growth. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  return () => {
    if (typeof collect === 'function') Reflect.apply(collect, undefined, [])
  }
}

function held(store: string): Omit<Look, 'hours'> {
  const { rss, heapUsed, external } = process.memoryUsage()
  const threads = Number(/^Threads:\s*(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  return {
    rss,
    heap: heapUsed,
    external,
    descriptors: readdirSync('/proc/self/fd').length,
    threads,
    store: statSync(join(store, 'store.sqlite')).size
  }
}

function judged(runs: number, looks: readonly Look[], minutes: number, { say }: Context): Row {
  const row = tally('one process', say)
  for (let i = 0; i < runs; i++) row.trial()
  const quarter = (number: number, of: (look: Look) => number) =>
    mean(looks.slice(((number - 1) * looks.length) / 4, (number * looks.length) / 4).map(of))
  const rss = [2, 4].map(number => quarter(number, look => look.rss))
  if (rss[1] > GROWTH * rss[0]) row.fault('wrong', `RSS rises from ${megabytes(rss[0])} to ${megabytes(rss[1])}`)
  for (const of of ['descriptors', 'threads'] as const) {
    const [before, after] = [2, 4].map(number => quarter(number, look => look[of]))
    if (after > before + 1) row.fault('wrong', `${of} rise from ${before.toFixed(1)} to ${after.toFixed(1)}`)
  }
  const half = looks.slice(looks.length / 2)
  const slopes = (['rss', 'heap', 'external'] as const).map(
    of => `${of} ${megabytes(slope(half, look => look[of]))} an hour`
  )
  const last = looks[looks.length - 1]
  return row.row(
    `${minutes.toFixed(1)} minutes; RSS ${megabytes(rss[0])} in the second quarter, ${megabytes(rss[1])} in the last; in the last half ${slopes.join(', ')}; ${last.descriptors} descriptors, ${last.threads} threads, a store of ${megabytes(last.store)}`
  )
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The slope of a straight line through the looks, in units an hour. */
function slope(looks: readonly Look[], of: (look: Look) => number): number {
  const [x, y] = [mean(looks.map(({ hours }) => hours)), mean(looks.map(of))]
  const above = looks.reduce((sum, look) => sum + (look.hours - x) * (of(look) - y), 0)
  return above / looks.reduce((sum, { hours }) => sum + (hours - x) ** 2, 0)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
