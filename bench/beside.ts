/**
 * Networks and whole pipelines beside PyTorch 2, ONNX Runtime from Python, OpenVINO and diffusers: the same made-up
 * weights and cores, in turn, as ratios with their spread; as Markdown and, with `--json FILE`, as JSON.
 * `--only NAME,NAME` takes some parts, `--peers NAME,NAME` some peers, `--batch N` no batch above it, `--rounds N`
 * other rounds; `--folder FOLDER` keeps the models (10 GB) for the next time.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compareNetwork } from './beside/compare.js'
import { LANES } from './beside/lanes.js'
import { NETWORKS } from './beside/networks.js'
import { comparePipeline, PIPELINES } from './beside/pipelines.js'
import { report } from './report.js'

const { values } = parseArgs({
  options: {
    ...{ only: { type: 'string' }, peers: { type: 'string' }, rounds: { type: 'string' } },
    batch: { type: 'string' },
    ...{ folder: { type: 'string' }, json: { type: 'string' } }
  }
})

/** The entries that a list of names selects, all without one. @throws Error for a name that is not known */
function selected<T>(all: Readonly<Record<string, T>>, names: string | undefined, option: string): [string, T][] {
  const wanted = names?.split(',') ?? Object.keys(all)
  const unknown = wanted.find(name => !Object.hasOwn(all, name))
  if (unknown !== undefined)
    throw new Error(`--${option} ${unknown} is not known; known are ${Object.keys(all).join(', ')}`)
  return wanted.map(name => [name, all[name]])
}

const parts = selected({ ...NETWORKS, ...PIPELINES }, values.only, 'only')
const lanes = selected(LANES, values.peers, 'peers').map(([, lane]) => lane)
const folder = resolve(values.folder ?? mkdtempSync(join(tmpdir(), 'epd-bench-')))
mkdirSync(folder, { recursive: true })
const most = Number(values.batch ?? Infinity)
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
const { add, end } = report(values.json)
try {
  for (const [name, part] of parts)
    try {
      if ('inputs' in part) await compareNetwork(name, part, { folder, lanes, rounds, most, add })
      else comparePipeline(part, { folder, rounds, add })
    } catch (error) {
      add({ what: part.title, value: NaN, unit: 'ratio', note: String(error) })
    }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true })
}
end()
