import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

const require = createRequire(import.meta.url)

export interface Measure {
  readonly what: string
  /** The figure itself, in what `unit` says; NaN: not to be had here. */
  readonly value: number
  readonly unit: 'ms' | 's' | 'MB' | 'ratio' | '%' | 'evaluations'
  /** The least and the greatest of the rounds. */
  readonly spread?: readonly [number, number]
  /** What else is worth reading. */
  readonly note?: string
  /** What is to hold. */
  readonly bound?: string
}

/** What figures depend on beside the code. */
function circumstances() {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0].model,
    cores: availableParallelism(),
    /** What others did with the cores when it began: as many runnable threads, over a minute. */
    load: Math.round(10 * loadavg()[0]) / 10,
    avx512: process.platform === 'linux' && readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f'),
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    onnxruntime: versionOf('onnxruntime-node'),
    tfjs: versionOf('@tensorflow/tfjs-core')
  }
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }
  return version
}

/** A table of figures, printed as it grows, and written as JSON at its end. */
export function report(json?: string) {
  const about = circumstances()
  const measures: Measure[] = []
  console.log(`${Object.entries(about).map(([name, value]) => `${name} ${String(value)}`).join(', ')}\n`) // prettier-ignore
  console.log('| what | measured | to hold |\n| --- | --- | --- |')
  return {
    add: (measure: Measure) => {
      const { what, value, unit, spread, note, bound = '' } = measure
      measures.push(measure)
      const figure = Number.isNaN(value)
        ? 'not here'
        : `${short(value)}${unit === 'ratio' ? '' : ` ${unit}`}${spread ? `, ${spread.map(short).join(' to ')}` : ''}`
      console.log(`| ${what} | ${figure}${note === undefined ? '' : ` (${note})`} | ${bound} |`)
    },
    end: () => {
      if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...about, measures }, null, 2)}\n`)
    }
  }
}

/** A number with three digits. */
export function short(value: number): string {
  return `${Number(value.toPrecision(3))}`
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

/** The median ratio of two works timed in turn, the first round left out, and the median of each in milliseconds. */
export async function inTurn(rounds: number, ours: () => Promise<unknown>, theirs: () => Promise<unknown>) {
  const pairs: [number, number][] = []
  for (let i = 0; i <= rounds; i++) pairs.push([await timed(ours), await timed(theirs)])
  const kept = pairs.slice(1)
  return {
    ratio: median(kept.map(([a, b]) => a / b)),
    ours: median(kept.map(([a]) => a)),
    theirs: median(kept.map(([, b]) => b))
  }
}

/** Milliseconds; where a work says how long it took itself, that. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  const own = await work()
  return typeof own === 'number' ? own : performance.now() - begun
}

/** The times of works that are done in turn, round by round, in milliseconds: each work's, by round. */
export async function inRounds(rounds: number, works: readonly (() => Promise<unknown>)[]): Promise<number[][]> {
  const times = works.map((): number[] => [])
  for (let round = 0; round < rounds; round++) for (const [i, work] of works.entries()) times[i].push(await timed(work))
  return times
}

/** The median, the least and the greatest of the ratios of two works' times in the same rounds. */
export function ratios(theirs: readonly number[], ours: readonly number[]) {
  const all = theirs.map((time, round) => time / ours[round])
  return { value: median(all), spread: [Math.min(...all), Math.max(...all)] as const }
}
