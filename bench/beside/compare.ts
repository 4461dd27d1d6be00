import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeNpy, encodeNpy } from '../../src/checkpoints/npy.js'
import { COMPILER_VERSION } from '../../src/engines/onnx/compile.js'
import { lacking, peerPath, python, type Answer, type Talk } from '../peers.js'
import { inRounds, median, ratios, short, type Measure } from '../report.js'
import { startOurs, type Lane, type Prepared } from './lanes.js'
import { feedsOf, type Network } from './networks.js'
import type { Graphs } from './prepare.js'

/** Answers that lie further apart, relative to the largest, are of different networks. */
const APART = 1e-3

export interface Comparison {
  /** Where models and graphs are kept. */
  readonly folder: string
  readonly lanes: readonly Lane[]
  /** In place of the network's own number. */
  readonly rounds?: number
  /** The greatest batch. */
  readonly most: number
  readonly add: (measure: Measure) => void
}

/** A peer's time over ours at one batch. */
interface Found {
  readonly title: string
  readonly batch: number
  readonly value: number
  readonly spread: readonly [number, number]
}

/** Times a network beside all lanes that are here, as many together as memory holds. */
export async function compareNetwork(name: string, all: Network, comparison: Comparison): Promise<void> {
  const network = { ...all, batches: all.batches.filter(batch => batch <= comparison.most) }
  const { add, folder } = comparison
  const absent = (title: string, note: string) => {
    add({ what: `${network.title}: ${title} / ours`, value: NaN, unit: 'ratio', note })
  }
  const modelLack = network.made === 'ddpmpp' ? undefined : lacking(['torch', 'diffusers'])
  if (modelLack !== undefined) {
    absent('every peer', `the model is written by diffusers; ${modelLack}`)
    return
  }
  const lanes = comparison.lanes.filter(lane => {
    const lack = lacking(lane.packages)
    if (lack !== undefined) absent(lane.title, lack)
    return lack === undefined
  })
  if (lanes.length === 0) return
  const prepared = prepare(name, network, folder)
  const found: Found[] = []
  for (const group of groups(lanes, network, lane => {
    absent(lane.title, tooLarge(network, lane))
  }))
    found.push(...(await timeGroup(network, group, prepared, comparison, absent)))
  for (const batch of network.batches) best(network, batch, found, add)
}

/** Writes the model, unless it is there, and its graphs. */
function prepare(name: string, { made }: Network, folder: string): Prepared {
  const model = writtenModel(made, folder)
  const at = join(folder, 'graphs')
  const note = join(at, `${name}-${COMPILER_VERSION}.json`)
  mkdirSync(at, { recursive: true })
  if (!existsSync(note)) {
    const script = fileURLToPath(new URL('prepare.ts', import.meta.url))
    writeFileSync(note, output(process.execPath, ['--import', 'tsx', script, name, model, at]))
  }
  return { name, model, graphs: JSON.parse(readFileSync(note, 'utf8')) as Graphs }
}

/** The folder of a model with made-up weights. EDM's own is written by prepare.ts. */
export function writtenModel(made: string, folder: string): string {
  const model = join(folder, made)
  if (made !== 'ddpmpp' && !existsSync(join(model, 'model_index.json')))
    output(python, [peerPath('made.py'), made, model])
  return model
}

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr.trim().split('\n').at(-1) ?? 'failed'}`)
  return stdout
}

/** How much memory there is for processes, in GB. */
function room(): number {
  const available = /MemAvailable:\s*(\d+) kB/.exec(
    existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'utf8') : ''
  )
  return available ? Number(available[1]) / 2 ** 20 : freemem() / 2 ** 30
}

function needed({ gigabytes }: Network, lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { memory }) => sum + memory * gigabytes.peer, gigabytes.ours)
}

function tooLarge(network: Network, lane: Lane): string {
  return `it needs about ${short(needed(network, [lane]))} GB beside ours, and ${short(room())} are free`
}

/** Lanes in groups that memory holds beside ours, in their order; `leave` is told of those that it never holds. */
function groups(lanes: readonly Lane[], network: Network, leave: (lane: Lane) => void): Lane[][] {
  const free = room()
  const found: Lane[][] = []
  for (const lane of lanes) {
    const last = found.at(-1)
    if (needed(network, [lane]) > free) leave(lane)
    else if (last && needed(network, [...last, lane]) <= free) last.push(lane)
    else found.push([lane])
  }
  return found
}

/** Times a group of lanes, each in a process of its own, that take turns with ours. */
async function timeGroup(
  network: Network,
  lanes: readonly Lane[],
  prepared: Prepared,
  comparison: Comparison,
  absent: (title: string, note: string) => void
): Promise<Found[]> {
  const ours = startOurs(prepared)
  const started = lanes.map(lane => ({ ...lane, talk: lane.start(prepared) }))
  try {
    return await timeStarted(network, ours, started, prepared, comparison, absent)
  } finally {
    await Promise.all([ours, ...started.map(({ talk }) => talk)].map(({ close }) => close()))
  }
}

async function timeStarted(
  network: Network,
  ours: Talk,
  started: readonly (Lane & { readonly talk: Talk })[],
  { name }: Prepared,
  { folder, rounds = network.rounds, add }: Comparison,
  absent: (title: string, note: string) => void
): Promise<Found[]> {
  let running = started
  const found: Found[] = []
  for (const batch of network.batches) {
    const feeds = writtenFeeds(network, join(folder, 'feeds', `${name}-${batch}`), batch)
    const truth = await answered(ours, feeds, folder)
    const ready: { title: string; talk: Talk; apart: number }[] = []
    for (const { title, talk } of running)
      try {
        ready.push({ title, talk, apart: apart(truth, await answered(talk, feeds, folder)) })
      } catch (error) {
        absent(`${title}, batch ${batch}`, String(error))
      }
    const told = [ours, ...ready].map((): Answer[] => [])
    const works = [ours, ...ready.map(({ talk }) => talk)].map(({ ask }, i) => async () => {
      const answer = await ask({ feeds })
      told[i].push(answer)
      return 1000 * answer.seconds
    })
    const [own, ...times] = await inRounds(rounds, works)
    const [ownTold, ...theirsTold] = told
    for (const [i, { title, apart }] of ready.entries()) {
      const ratio = ratios(times[i], own)
      const processor = ratios(processorTimes(theirsTold[i]), processorTimes(ownTold)).value
      const note = [
        `${milliseconds(times[i], batch)} an image, ours ${milliseconds(own, batch)}`,
        `by processor time ${short(processor)}`,
        `at most ${short(peakOf(theirsTold[i]))} MB, ours ${short(peakOf(ownTold))}`,
        `answers ${apart.toExponential(0)} apart`,
        String(theirsTold[i][0].version)
      ].join('; ')
      add({ what: `${network.title}, batch ${batch}: ${title} / ours`, unit: 'ratio', ...ratio, note })
      if (started.find(lane => lane.title === title)?.independent === true) found.push({ title, batch, ...ratio })
    }
    running = running.filter(({ talk }) => ready.some(other => other.talk === talk))
  }
  return found
}

/** The median of rounds, and the least, which says most where others use the machine. */
function milliseconds(times: readonly number[], batch: number): string {
  return `${short(median(times) / batch)} ms (at least ${short(Math.min(...times) / batch)})`
}

/** The seconds of all threads, by round. */
function processorTimes(told: readonly Answer[]): number[] {
  return told.map(({ processor }) => Number(processor))
}

function peakOf(told: readonly Answer[]): number {
  return Math.max(...told.map(({ peak }) => Number(peak)))
}

/** The peer that comes nearest to ours, or is ahead. */
function best({ title, goal }: Network, batch: number, found: readonly Found[], add: Comparison['add']): void {
  const nearest = found
    .filter(one => one.batch === batch)
    .sort((a, b) => a.value - b.value)
    .at(0)
  if (nearest === undefined) return
  const { value, spread } = nearest
  const bound = goal === 1 ? 'above 1' : `at least ${goal}`
  const what = `${title}, batch ${batch}: the fastest of its peers / ours`
  add({ what, value, spread, unit: 'ratio', note: nearest.title, bound })
}

function writtenFeeds(network: Network, at: string, batch: number): string {
  mkdirSync(at, { recursive: true })
  for (const { name, shape, data } of feedsOf(network, batch))
    writeFileSync(join(at, `${name}.npy`), encodeNpy({ dtype: 'float32', shape, data }))
  return at
}

/** The first answer to inputs, which also compiles what is compiled at first use. */
async function answered(talk: Talk, feeds: string, folder: string): Promise<ArrayLike<number>> {
  const answer = join(folder, 'answer.npy')
  await talk.ask({ feeds, answer })
  return decodeNpy(readFileSync(answer)).data
}

/**
 * The greatest difference of two answers, relative to the greatest number.
 * @throws Error if they are no one network's
 */
function apart(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let [difference, greatest] = [0, 0]
  for (let i = 0; i < ours.length; i++) {
    difference = Math.max(difference, Math.abs(ours[i] - theirs[i]))
    greatest = Math.max(greatest, Math.abs(ours[i]))
  }
  const found = difference / greatest
  if (ours.length !== theirs.length || !(found < APART)) throw new Error(`its answers are ${found} apart from ours`)
  return found
}
