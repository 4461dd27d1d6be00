import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { decodePng } from '../../../src/images/png.js'
import { smallSpec } from '../../../test/support/cli.js'
import { outcome } from '../../../test/support/outcome.js'
import { unclear } from '../failing.js'
import { inPairs } from '../parallel.js'
import { tally, type Context, type Part, type Tally } from '../part.js'
import { random, type Random } from '../random.js'
import { launch } from '../trial.js'
import { deceived, isNoticed, viewsOf, type Views } from '../views.js'

/** The files that are damaged, by where they stand in a store. */
const PLACES = {
  'store.sqlite': /^store\.sqlite$/,
  'store.sqlite-wal': /^store\.sqlite-wal$/,
  objects: /^objects\//,
  cache: /^cache\//,
  images: /^images\//
}
type Place = keyof typeof PLACES

/** Trials by the store, the place and how a file is damaged. */
const TRIALS: readonly (readonly ['finished' | 'half', Place, bits: number, blocks: number])[] = [
  ['finished', 'store.sqlite', 100, 16],
  ['finished', 'objects', 50, 8],
  ['finished', 'cache', 25, 6],
  ['finished', 'images', 15, 4],
  ['half', 'store.sqlite', 30, 6],
  ['half', 'store.sqlite-wal', 40, 10],
  ['half', 'objects', 25, 4],
  ['half', 'cache', 15, 4]
]
const PAGE = 4096

export const flips: Part = {
  name: 'flips',
  title:
    'A bit of a stored file is flipped, or the file is cut, or a page of it is zeroed. Whoever looks at the store then sees what was there or an error, and the same experiment or one that reads its results further ends as it would have.',
  async *run(context: Context) {
    const bench = await prepared(context)
    for (const [state, place, bits, blocks] of TRIALS) {
      if (context.short && !(state === 'finished' && place === 'store.sqlite')) continue
      const chance = random(`${context.seed} ${state} ${place}`)
      yield await row(`${place} of a ${state === 'half' ? 'half-finished' : 'finished'} store`, {
        ...{ ...bench, base: bench[state], place, chance },
        damages: context.short ? ['bit', 'bit', 'page'] : damages(bits, blocks)
      })
    }
  }
}

interface Bench extends Context {
  readonly spec: string
  readonly further: string
  readonly finished: Base
  readonly half: Base
  readonly outcomes: Readonly<Record<'again' | 'further', ReturnType<typeof outcome>>>
}

/** A store that copies are damaged of. */
interface Base {
  readonly dir: string
  readonly views: Views
}

async function prepared(context: Context): Promise<Bench> {
  const [finished, half, whole] = ['finished', 'half', 'further'].map(name => join(context.folder, name))
  const spec = smallSpec('psnr, rmse')
  const further = join(context.folder, 'further.yaml')
  writeFileSync(further, `${readFileSync(spec, 'utf8')}${FURTHER}`)
  await well(['run', spec, '--store', finished])
  await importOwn(finished, context.folder)
  await runHalf(spec, half)
  await well(['run', further, '--store', whole])
  return {
    ...{ ...context, spec, further },
    finished: { dir: finished, views: viewsOf(copyOf(finished, `${finished}-seen`)) },
    half: { dir: half, views: viewsOf(copyOf(half, `${half}-seen`)) },
    outcomes: { again: outcome(finished), further: outcome(whole) }
  }
}

/** Stages that read what the others have left. */
const FURTHER = `  pupil:
    kind: distill
    teacher: lessons
    optimizer: { name: levenberg-marquardt, iterations: 1, finalIterations: 2 }
    validation: 1000-1001
  nearness: { kind: score, samples: [samples, euler], reference: reference, metrics: [frechet-pixels] }
`

async function well(args: readonly string[]): Promise<void> {
  const { code, stderr } = await launch(args).ended
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
}

/** Imports a predictor, so that the store has rows of every kind. */
async function importOwn(store: string, folder: string): Promise<void> {
  const file = join(folder, 'own.json')
  const [run] = readdirSync(join(store, 'images'))
  await well(['export', `${run}/student`, '--store', store, '--out', file])
  await well(['import', file, '--name', 'own', '--store', store])
}

/** Kills a run as soon as it samples, so that what it has committed stands in the log ahead of the database. */
async function runHalf(spec: string, store: string): Promise<void> {
  const { child, ended } = launch(['run', spec, '--store', store, '--json'])
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.includes('{"type":"started","stage":"euler"')) child.kill('SIGKILL')
  })
  if ((await ended).signal !== 'SIGKILL') throw new Error('a run ended before it was killed')
}

function copyOf(dir: string, copy: string): string {
  cpSync(dir, copy, { recursive: true })
  return copy
}

type Damage = 'bit' | 'page' | 'cut'

function damages(bits: number, blocks: number): readonly Damage[] {
  return [
    ...Array.from({ length: bits }, () => 'bit' as const),
    ...Array.from({ length: blocks }, (_, i) => (i % 2 === 0 ? ('page' as const) : ('cut' as const)))
  ]
}

interface Trials extends Bench {
  readonly base: Base
  readonly place: Place
  readonly chance: Random
  readonly damages: readonly Damage[]
}

async function row(what: string, trials: Trials) {
  const { base, place, chance, damages, folder, say } = trials
  const counts = tally(what, say)
  const came = { seen: 0, healed: 0, refused: 0 }
  const chosen = damages.map(damage => ({ ...draw(base.dir, place, damage, chance), damage }))
  await inPairs(chosen, async (one, number) => {
    counts.trial()
    const store = copyOf(base.dir, join(folder, `${what.replaceAll(/\W/g, '-')}-${number}`))
    spoil(join(store, one.path), one)
    const when = `a ${one.damage} at byte ${one.at}, bit ${one.bit} of ${one.path}`
    if (looked(store, trials, counts, when)) came.seen++
    const how = number % 2 === 0 && place !== 'objects' ? 'again' : 'further'
    const told = await run(store, how, trials, counts, when)
    if (told) came[told]++
    if (place === 'images') checkImage(join(store, one.path), join(base.dir, one.path), counts, when)
    rmSync(store, { recursive: true })
  })
  return counts.row(
    `${came.seen} were told of by who looked; ${came.healed} were told of by a run that mended them, ${came.refused} by one that did not`
  )
}

interface Spot {
  readonly path: string
  readonly at: number
  readonly bit: number
}

/** A byte of the files in a place, each byte as likely as any other. */
function draw(dir: string, place: Place, damage: Damage, { below }: Random): Spot {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1))
    .filter(path => PLACES[place].test(path))
    .sort()
  const sizes = files.map(path => statSync(join(dir, path)).size)
  let at = below(sizes.reduce((sum, size) => sum + size, 0))
  const found = sizes.findIndex(size => (at < size ? true : ((at -= size), false)))
  return { path: files[found], at: damage === 'page' ? at - (at % PAGE) : at, bit: below(8) }
}

function spoil(file: string, { at, bit, damage }: Spot & { readonly damage: Damage }): void {
  if (damage === 'cut') {
    truncateSync(file, at)
    return
  }
  const bytes = readFileSync(file)
  if (damage === 'bit') bytes[at] ^= 1 << bit
  else bytes.fill(0, at, at + PAGE)
  writeFileSync(file, bytes)
}

/** Looks at a copy of a store in all ways; whether the damage was told of. */
function looked(store: string, { base, place }: Trials, counts: Tally, when: string): boolean {
  const copy = copyOf(store, `${store}-seen`)
  const views = viewsOf(copy)
  // What is lost of the log is as if it had never been committed: an earlier state of the run is no other result.
  const wrong = deceived(views, base.views).filter(one => place !== 'store.sqlite-wal' || one.includes(' fails with '))
  for (const one of wrong) counts.fault('wrong', `${one} after ${when}`)
  rmSync(copy, { recursive: true })
  return isNoticed(views)
}

/** Runs an experiment on a damaged store; how the damage was told of. */
async function run(
  store: string,
  how: 'again' | 'further',
  { spec, further, outcomes }: Trials,
  counts: Tally,
  when: string
): Promise<'healed' | 'refused' | undefined> {
  const ended = await launch(['run', how === 'again' ? spec : further, '--store', store, '--json']).ended
  if (ended.code === 0) {
    if (!isDeepStrictEqual(outcome(store), outcomes[how]))
      counts.fault('wrong', `another result (${how}) after ${when}`)
    return ended.stdout.includes('{"type":"warning"') ? 'healed' : undefined
  }
  const problem = unclear(ended)
  if (problem !== undefined) counts.fault('wrong', `${problem} after ${when}: ${ended.stderr}`)
  return 'refused'
}

/** A picture is as it was, or no program takes it for whole. */
function checkImage(file: string, whole: string, counts: Tally, when: string): void {
  const bytes = readFileSync(file)
  try {
    if (isDeepStrictEqual(decodePng(bytes), decodePng(readFileSync(whole)))) return
    counts.fault('wrong', `another picture after ${when}`)
  } catch {
    // It says itself that it is damaged.
  }
}
