import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { slug, type Target } from '../../../test/support/fuzz/target.js'
import { tally, type Context, type Row } from '../part.js'
import { LARGE, SLOW, type Finding } from './messages.js'
import { checked, hunted } from './process.js'

/** Where inputs are kept that a reader fails at, to be looked into. */
const FOUND = join(tmpdir(), 'epd-run-fuzz')
/** A reader that hangs at everything is given up. */
const MOST_BROKEN = 20

type Given = Pick<Context, 'seed' | 'folder' | 'say'> & { readonly milliseconds: number }

/** Gives a reader input for a time. Each fault is seen again without counting before it is one. */
export async function hunt(target: Target, { seed, folder: parent, say, milliseconds }: Given): Promise<Row> {
  const row = tally(target.name, say)
  const folder = mkdtempSync(join(parent, `${slug(target)}-`))
  const corpus: Buffer[] = []
  const findings: (Omit<Finding, 'kind'> & { readonly kind: Finding['kind'] | 'broken' })[] = []
  let [left, runs, note] = [milliseconds, 0, '']
  for (let round = 0; round < MOST_BROKEN; round++) {
    const ended = await hunted(
      {
        kind: 'hunt',
        target: target.name,
        folder: mkdtempSync(join(folder, 'hunt-')),
        seed: `${seed} ${target.name} ${round}`,
        milliseconds: left,
        corpus,
        trace: join(folder, `trace-${round}`)
      },
      answer => {
        if (answer.kind === 'kept') corpus.push(answer.input)
        else if (answer.kind === 'found') findings.push(answer.finding)
      }
    )
    runs += ended.runs
    if (ended.kind === 'done') {
      note = `${ended.reached} of ${ended.arms} branches, ${corpus.length} inputs kept`
      break
    }
    if (target.unbounded === undefined) findings.push(ended)
    left = Math.max(left - ended.milliseconds, 0)
  }
  for (const finding of findings) {
    const fault = await confirmed(target, finding, folder)
    if (fault !== undefined) row.fault('wrong', `${fault}\nThe input is ${kept(target, finding.input)}`)
  }
  return { ...row.row(note), trials: runs }
}

async function confirmed(
  target: Target,
  { kind, message, input }: { kind: string; message: string; input: Buffer },
  folder: string
) {
  const seen = await checked({ kind: 'check', target: target.name, folder: mkdtempSync(join(folder, 'check-')), input })
  if (!seen) return `it does not end, or breaks its process (${message})`
  if (seen.fault !== undefined) return seen.fault
  if (kind === 'error') return `${message}\n(this was seen only after other inputs)`
  if (seen.milliseconds > SLOW) return `it takes ${(seen.milliseconds / 1000).toFixed(1)} s for ${input.length} bytes`
  if (seen.memory > LARGE) return `it takes ${(seen.memory / 2 ** 20).toFixed(0)} MiB for ${input.length} bytes`
  return undefined
}

function kept(target: Target, input: Buffer): string {
  const folder = join(FOUND, slug(target))
  mkdirSync(folder, { recursive: true })
  const path = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 12))
  writeFileSync(path, input)
  return path
}
