import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Part, Row } from './part.js'

const JSON_FILE = fileURLToPath(new URL('../reliability.json', import.meta.url))
const PAGE = fileURLToPath(new URL('../RELIABILITY.md', import.meta.url))

/** The rows of a part, with what they depend on. */
export interface Entry {
  readonly seed: number
  /** What was checked out; with `+` where files had been changed since. */
  readonly commit: string
  readonly node: string
  readonly date: string
  readonly seconds: number
  readonly rows: readonly Row[]
}

/** What has been measured, by the names of the parts. */
export type Reliability = Readonly<Record<string, Entry>>

export function readRecord(): Reliability {
  return existsSync(JSON_FILE) ? (JSON.parse(readFileSync(JSON_FILE, 'utf8')) as Reliability) : {}
}

/** Writes the rows of a part into the record, and the page that shows the whole of it. */
export function record(part: Part, entry: Entry, parts: readonly Part[]): void {
  const all: Reliability = { ...readRecord(), [part.name]: entry }
  writeFileSync(JSON_FILE, `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(PAGE, page(all, parts))
}

export function commitHere(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'src', 'bench/torture', 'package-lock.json')
  return `${git('rev-parse', '--short=10', 'HEAD')}${changed === '' ? '' : '+'}`
}

function page(all: Reliability, parts: readonly Part[]): string {
  const told = parts.filter(({ name }) => name in all)
  return `# Reliability

\`npm run torture\` measures this table, and goes on with the parts that it lacks; \`npm run torture PART\` measures one
part again. A part draws all its moments, bits and files from its seed. Every count but the trials has to be 0.

${HEAD}
${told.flatMap(({ name }) => all[name].rows.map(row => line(name, row))).join('\n')}

## What each part does

${told.map(part => about(part, all[part.name])).join('\n')}
`
}

export const HEAD = `| part | what | trials | bits lost | wrong results | processes left | files executed | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |`

export function line(part: string, { what, trials, lost, wrong, left, executed, note = '' }: Row): string {
  return `| ${[part, what, trials, lost, wrong, left, executed, note].join(' | ')} |`
}

function about({ name, title }: Part, { seed, commit, node, date, seconds }: Entry): string {
  return `- **${name}**: ${title} Seed ${seed}, commit ${commit}, Node ${node}, ${date}, ${(seconds / 60).toFixed(1)} minutes.`
}
