/**
 * Disturbs epd-run in every way that a machine or a person does, and counts what is lost: `npm run torture [PART ...]`.
 * Without a PART it goes on with the parts that `bench/reliability.json` lacks. `--short` shows in minutes that each
 * part works, and records nothing. `--seed N` draws other moments, bits and files; `--minutes N` is how long `soak`
 * takes, and records nothing either.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sound, type Part, type Row } from './torture/part.js'
import { commitHere, HEAD, line, readRecord, record } from './torture/record.js'
import { parts } from './torture/registry.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' }
  }
})
const seed = Number(values.seed)
const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
const { short } = values

execFileSync('npm', ['run', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] })
console.log(HEAD)
let failed = false
for (const part of chosen()) {
  const begun = performance.now()
  const rows = await torture(part)
  const seconds = (performance.now() - begun) / 1000
  failed ||= !rows.every(sound)
  const entry = { seed, commit: commitHere(), node: process.version, date: today(), seconds, rows }
  if (short || minutes !== undefined) console.error(`${part.name} took ${seconds.toFixed(0)} s`)
  else record(part, entry, parts)
}
process.exitCode = failed ? 1 : 0

function chosen(): readonly Part[] {
  const unknown = positionals.find(name => !parts.some(part => part.name === name))
  if (unknown !== undefined)
    throw new Error(`there is no part ${unknown}; there are ${parts.map(({ name }) => name).join(', ')}`)
  if (positionals.length > 0) return parts.filter(({ name }) => positionals.includes(name))
  const known = readRecord()
  return short ? parts : parts.filter(({ name }) => !(name in known))
}

async function torture(part: Part): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), `epd-torture-${part.name}-`))
  const rows: Row[] = []
  try {
    for await (const row of part.run({
      seed,
      short,
      minutes,
      folder,
      say: message => {
        console.error(message)
      }
    })) {
      // prettier-ignore
      rows.push(row)
      console.log(line(part.name, row))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
