import { setTimeout as sleep } from 'node:timers/promises'
import { EpdError } from '../errors.js'
import { viewOf } from '../pipeline/live-view.js'
import { stageLine, wholeLine } from '../pipeline/live-words.js'
import { watchRun, type WatchedRun } from '../pipeline/watch.js'
import { stateOf } from '../store/run-properties.js'
import { openStore, type Run, type Store } from '../store/store.js'
import type { Flags } from './flags.js'
import { inPlace } from './in-place.js'
import { print, printJson } from './output.js'
import { printable } from './printable.js'
import { doneLine, screenOf } from './screen.js'
import { isLive } from './terminal.js'

/** Milliseconds between two looks at the store. */
const APART = 500

/** Shows a run for as long as processes work on it. Without a name, it is the newest one. */
export async function watch(name: string | undefined, { store: dir, json }: Flags): Promise<void> {
  const store = openStore(dir)
  try {
    const { id } = name === undefined ? newest(store) : store.run(name)
    const show = json ? inJson() : isLive(process.stdout) ? onScreen(dir) : inLines(dir)
    for (;;) {
      const watched = watchRun(store, id)
      show(watched)
      if (watched.run.status !== 'running') return
      await sleep(APART)
    }
  } finally {
    store.close()
  }
}

function newest(store: Store): Run {
  const run = store.runs().at(0)
  if (!run) throw new EpdError('not-found', `${store.root} has no run yet; run a spec in it first`)
  return run
}

/** A line of JSON whenever something has changed. */
function inJson(): (watched: WatchedRun) => void {
  let before = ''
  return ({ run, ...watched }) => {
    const { id, status, error } = run
    const line = { type: 'watch', run: id, status, error, ...watched }
    const text = JSON.stringify(line)
    if (text === before) return
    before = text
    printJson(line)
  }
}

function onScreen(dir: string): (watched: WatchedRun) => void {
  const screen = inPlace()
  return watched => {
    screen.draw(size => screenOf(viewOf(watched), size))
    const words = ending(watched.run, dir)
    if (words !== undefined) print(words)
  }
}

/** Milliseconds between two signs of life in lines that stay. */
const QUIET = 10_000

function inLines(dir: string): (watched: WatchedRun) => void {
  let told: ReadonlySet<string> | undefined
  let last = -Infinity
  return watched => {
    const { run, recent } = watched
    if (!told) print(printable(`${run.id}  ${run.file}`))
    const done = recent.filter(({ name }) => !told?.has(name))
    for (const one of done) print(printable(doneLine(one)))
    told = new Set([...(told ?? []), ...recent.map(({ name }) => name)])
    const words = ending(run, dir)
    if (words === undefined && performance.now() - last < QUIET) return
    last = performance.now()
    const view = viewOf(watched)
    for (const stage of view.running) print(printable(`› ${stage.name}  ${stageLine(stage) || stage.what}`))
    print(printable(wholeLine(view)))
    if (words !== undefined) print(words)
  }
}

/** How a run that no process works on has ended, and how it goes on. */
function ending(run: Run, dir: string): string | undefined {
  const { id, status, error } = run
  if (status === 'running') return undefined
  const state = stateOf(run)
  const elsewhere = dir === 'runs' ? '' : ` --store ${dir}`
  const details = `details  epd-run show ${id}${elsewhere}`
  if (status === 'finished') return printable(details)
  const why = error === null || error === state || error === status ? '' : `: ${error}`
  return [`${id} is ${state}${why}`, `continue with  epd-run resume ${id}${elsewhere}`].map(printable).join('\n')
}
