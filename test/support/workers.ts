import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { epdRun, temporaryFolder } from './cli.js'

/** A network of more than a megabyte, which is large enough to be copied by workers. */
export const LARGER = fileURLToPath(new URL('../fixtures/edm/ddpmpp-cond.pkl', import.meta.url))

const network = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))

/** An experiment of two stages that need nothing of each other, of five shards together, and one that reads both. */
export function shardedSpec(execution = '', checkpoint = network, seeds = '0-129'): string {
  const file = join(temporaryFolder(), 'sharded.yaml')
  writeFileSync(
    file,
    `name: sharded
model: { checkpoint: ${checkpoint} }
solver: { name: euler, nfe: 2 }
${execution}
stages:
  many: { kind: sample, seeds: ${seeds} }
  finer: { kind: sample, solver: { name: euler, nfe: 3 }, seeds: 0-65 }
  score: { kind: score, samples: [many], reference: finer, metrics: [rmse] }
`
  )
  return file
}

/** The processes of this machine that were given a word on their command line, by their ids. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && commandLine(name).includes(word))
    .map(Number)
    .filter(pid => pid !== process.pid)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Resolves once something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 20))
}

/**
 * Leaves the work orders of the stages of a spec's run that need no other. Returns their paths, the first stage's
 * first.
 */
export async function orders(store: string, checkpoint?: string, seeds?: string): Promise<string[]> {
  const spec = shardedSpec(
    'execution: { executor: template, retries: 0, command: "false {order} {shards}" }',
    checkpoint,
    seeds
  )
  const { code } = await epdRun(['run', spec, '--store', store, '--keep-going'])
  if (code !== 1) throw new Error('a run whose workers all fail has not failed')
  const files = readdirSync(join(store, 'orders')).filter(name => /^[0-9a-f]{64}\.json$/.test(name))
  const stageOf = (name: string) => /"stage":"(\w+)"/.exec(readFileSync(join(store, 'orders', name), 'utf8'))?.[1] ?? ''
  const sorted = files.sort((a, b) => stageOf(b).localeCompare(stageOf(a)))
  return sorted.map(name => join(store, 'orders', name))
}
