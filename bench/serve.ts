/**
 * Milliseconds that each page of `epd-run serve` takes on a large store, as Markdown: 1,000 runs, 10,000 stages and
 * 1,000,000 iterations. `--store DIR` keeps the store that it makes there.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { serve } from '../src/serve/serve.js'
import { fill } from './scale.js'

const [FIRST, SECOND] = ['large-00000500', 'large-00000501']

/** Pages by what they are. */
const PAGES: Readonly<Record<string, string>> = {
  'the newest runs': '/',
  'the last page of runs': '/?page=20',
  'runs by words': '/?where=0009',
  'runs by a condition': '/?where=state%3Dfinished',
  'runs by their size': '/?sort=-size',
  'a run': `/runs/${FIRST}`,
  'its table': `/runs/${FIRST}/table?rows=solver&cols=samples`,
  'its images': `/runs/${FIRST}/images`,
  'two runs compared': `/compare?run=${FIRST}&run=${SECOND}`,
  'the report of a run': `/report?run=${FIRST}`,
  'the report of two runs': `/report?run=${FIRST}&run=${SECOND}`
}

/** Looks at each page so often, after once that is told apart. */
const TIMES = 9

interface Took {
  readonly what: string
  readonly median: number
  readonly most: number
  /** Milliseconds of processor time, of who asks too, which other programs hardly change. */
  readonly processor: number
  /** What the first look takes, which reads what later ones find in memory, and compiles code. */
  readonly first: number
  readonly kilobytes: number
}

async function timed(url: string, what: string, path: string): Promise<Took> {
  const address = new URL(path, url)
  const look = async () => {
    const [begun, before] = [performance.now(), process.cpuUsage()]
    const answer = await fetch(address)
    const { length } = await answer.text()
    if (!answer.ok && answer.status !== 400) throw new Error(`${path}: ${answer.status}`)
    const { user, system } = process.cpuUsage(before)
    return { took: performance.now() - begun, processor: (user + system) / 1000, length }
  }
  const first = await look()
  const looks = []
  for (let n = 0; n < TIMES; n++) looks.push(await look())
  const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)
  const took = sorted(looks.map(one => one.took))
  const processor = sorted(looks.map(one => one.processor))[TIMES >> 1]
  return {
    what,
    median: took[TIMES >> 1],
    most: took[TIMES - 1],
    processor,
    first: first.processor,
    kilobytes: looks[0].length / 1000
  }
}

const { values } = parseArgs({ options: { store: { type: 'string' } } })
const folder = values.store ?? mkdtempSync(join(tmpdir(), 'epd-serve-'))
if (!existsSync(join(folder, 'store.sqlite'))) fill(folder, 1000, 1000)
const server = await serve(folder, { port: 0 })
console.log('| page | median (ms) | most (ms) | processor (ms) | the first time | size (kB) |')
console.log('| --- | --- | --- | --- | --- | --- |')
for (const [what, path] of Object.entries(PAGES)) {
  const { median, most, processor, first, kilobytes } = await timed(server.url, what, path)
  console.log(
    `| ${what} | ${median.toFixed(0)} | ${most.toFixed(0)} | ${processor.toFixed(0)} | ${first.toFixed(0)} | ${kilobytes.toFixed(0)} |`
  )
}
await server.close()
if (values.store === undefined) rmSync(folder, { recursive: true })
