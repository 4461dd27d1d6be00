import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'

const require = createRequire(import.meta.url)

export interface Measure {
  readonly what: string
  /** The figure itself, in what `unit` says; NaN: not to be had here. */
  readonly value: number
  readonly unit: 'ms' | 's' | 'MB' | 'ratio' | '%' | 'evaluations'
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
      const { what, value, unit, note, bound = '' } = measure
      measures.push(measure)
      const figure = Number.isNaN(value)
        ? 'not here'
        : `${Number(value.toPrecision(3))}${unit === 'ratio' ? '' : ` ${unit}`}`
      console.log(`| ${what} | ${figure}${note === undefined ? '' : ` (${note})`} | ${bound} |`)
    },
    end: () => {
      if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...about, measures }, null, 2)}\n`)
    }
  }
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
