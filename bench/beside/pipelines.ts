import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/store/store.js'
import { lacking, peerPath, python } from '../peers.js'
import { median, ratios, short, type Measure } from '../report.js'
import { writtenModel } from './compare.js'
import { main, pixels, pixelsApart, ran } from './processes.js'

/** A whole pipeline of diffusers, and what epd-run has in its place. */
export interface Pipeline {
  readonly title: string
  /** The model that bench/peers/made.py writes. */
  readonly made: 'ddpm' | 'sd15'
  readonly kind: 'ddim' | 'sd'
  readonly steps: number
  /** Images that are made at once. */
  readonly images: number
  readonly rounds: number
  readonly prompt?: string
  /** The scale of guidance. */
  readonly scale?: number
  /** epd-run's solver that takes the same steps. */
  readonly solver: Readonly<Record<string, unknown>>
  readonly goal: 1 | 1.5
}

export const PIPELINES: Readonly<Record<string, Pipeline>> = {
  ddim: {
    title: "DDIM on CIFAR-10's DDPM, 10 NFE, 8 images",
    ...{ made: 'ddpm', kind: 'ddim', steps: 10, images: 8, rounds: 4, goal: 1.5 },
    solver: { name: 'euler' }
  },
  dpmpp: {
    title: 'DPM-Solver++ (2M) on Stable Diffusion 1.5, 4 steps with guidance, one image of 512 x 512',
    ...{ made: 'sd15', kind: 'sd', steps: 4, images: 1, rounds: 2, goal: 1 },
    ...{ prompt: 'two dogs on a beach', scale: 7.5 },
    solver: { name: 'dpmpp', maxOrder: 2, thresholding: false, lowerOrderFinal: 'below-15' }
  }
}

interface Comparison {
  readonly folder: string
  readonly rounds?: number
  readonly add: (measure: Measure) => void
}

/** What one run took: its images' pixels too. */
interface Taken {
  /** Seconds of the process. */
  readonly whole: number
  /** Seconds from latents to images, without what is loaded before. */
  readonly alone: number
  /** MB at most. */
  readonly peak: number
  readonly images: readonly Uint8Array[]
}

interface TheirsTaken extends Taken {
  readonly timesteps: readonly number[]
  readonly version: string
}

/** Times a pipeline of diffusers and epd-run in turn, each run in a process of its own that ends with PNGs on disk. */
export function comparePipeline(pipeline: Pipeline, { folder, rounds = pipeline.rounds, add }: Comparison): void {
  const { title, made, goal } = pipeline
  const lack = lacking(['torch', 'diffusers', 'transformers'])
  if (lack !== undefined) {
    add({ what: `${title}: diffusers / ours`, value: NaN, unit: 'ratio', note: lack })
    return
  }
  const model = writtenModel(made, folder)
  const store = join(folder, `store-${made}`)
  const pairs: { theirs: TheirsTaken; ours: Taken }[] = []
  let apart = 0
  // The first round compiles our graphs, which are kept, and brings files into memory.
  for (let round = 0; round <= rounds; round++) {
    const seeds = Array.from({ length: pipeline.images }, (_, i) => round * pipeline.images + i)
    const theirs = runTheirs(pipeline, model, seeds, join(folder, 'images'))
    const ours = runOurs({ pipeline, model, seeds, store, timesteps: theirs.timesteps })
    apart = Math.max(apart, pixelsApart(theirs.images, ours.images))
    pairs.push({ theirs, ours })
  }
  rmSync(store, { recursive: true })
  const kept = pairs.slice(1)
  for (const [what, key, bound] of [
    ['whole processes', 'whole', ''],
    ['from latents to images', 'alone', goal === 1 ? 'above 1' : `at least ${goal}`]
  ] as const) {
    const [theirs, ours] = [kept.map(pair => pair.theirs[key]), kept.map(pair => pair.ours[key])]
    const note = [
      `${short(median(theirs))} s, ours ${short(median(ours))}`,
      `at most ${short(kept[0].theirs.peak)} MB, ours ${short(kept[0].ours.peak)}`,
      `pixels at most ${apart} of 255 apart`,
      kept[0].theirs.version
    ].join('; ')
    add({ what: `${title}, ${what}: diffusers / ours`, unit: 'ratio', ...ratios(theirs, ours), note, bound })
  }
}

interface Told {
  readonly seconds: number
  readonly peak: number
  readonly timesteps: readonly number[]
  readonly version: string
}

function runTheirs(pipeline: Pipeline, model: string, seeds: readonly number[], out: string): TheirsTaken {
  const { kind, steps, prompt, scale } = pipeline
  const args = {
    ...{ folder: model, kind, steps, seeds: seeds.join(','), out, threads: availableParallelism() },
    ...(prompt !== undefined && { prompt, scale })
  }
  rmSync(out, { recursive: true, force: true })
  const { whole, stdout } = ran(python, [
    peerPath('pipeline.py'),
    ...Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)])
  ])
  const { seconds, peak, timesteps, version } = JSON.parse(stdout) as Told
  return { whole, alone: seconds, peak, timesteps, version, images: pixels(out) }
}

interface OursOptions {
  readonly pipeline: Pipeline
  readonly model: string
  readonly seeds: readonly number[]
  readonly store: string
  readonly timesteps: readonly number[]
}

/** epd-run's process: from the start to PNGs, in a store whose folder of compiled graphs is kept. */
function runOurs({ pipeline, model, seeds, store, timesteps }: OursOptions): Taken {
  const { prompt, scale, solver, images } = pipeline
  mkdirSync(store, { recursive: true })
  const spec = join(store, 'spec.yaml')
  const schedule = { type: 'explicit', timesteps, finalSigma: 'zero', noiseScale: 'unit-variance' }
  const range = `${seeds[0]}-${seeds[seeds.length - 1]}`
  const written = {
    name: `beside-${seeds[0]}`,
    model: { checkpoint: model, ...(scale !== undefined && { guidance: { scale } }) },
    ...(prompt !== undefined && { prompts: [prompt] }),
    solver: { ...solver, schedule },
    stages: { images: { kind: 'sample', images: true, batch: images, seeds: range } }
  }
  // A YAML reader takes JSON.
  writeFileSync(spec, JSON.stringify(written))
  const tell = `import { readFileSync } from 'node:fs'
    process.on('exit', () => { process.stderr.write(readFileSync('/proc/self/status', 'utf8')) })`
  const preload = `data:text/javascript,${encodeURIComponent(tell)}`
  const before = stageSeconds(store)
  const { whole, stderr } = ran(process.execPath, ['--import', preload, main, spec, '--store', store])
  const made = join(store, 'images')
  const taken = {
    ...{ whole, alone: stageSeconds(store) - before, peak: Number(/VmHWM:\s*(\d+) kB/.exec(stderr)?.[1]) / 1024 },
    images: pixels(made)
  }
  rmSync(made, { recursive: true })
  return taken
}

/** The seconds of all stages of a store so far. */
function stageSeconds(folder: string): number {
  if (!existsSync(join(folder, 'store.sqlite'))) return 0
  const store = openStore(folder)
  const { rows } = store.query('SELECT sum(seconds) FROM stages')
  store.close()
  return Number(rows[0][0])
}
