import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './cli.js'

const network = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))

/** An experiment of two stages that need nothing of each other, of five shards together, and one that reads both. */
export function shardedSpec(execution = ''): string {
  const file = join(temporaryFolder(), 'sharded.yaml')
  writeFileSync(
    file,
    `name: sharded
model: { checkpoint: ${network} }
solver: { name: euler, nfe: 2 }
${execution}
stages:
  many: { kind: sample, seeds: 0-129 }
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
