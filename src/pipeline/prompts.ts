import { EpdError } from '../errors.js'
import { readWhole } from '../files/read.js'
import { systemReason } from '../files/reasons.js'
import { firstNames } from '../first-names.js'
import type { Model } from '../models/model.js'
import type { PromptsSpec } from '../experiment/prompts-keys.js'

/** The prompts of an experiment; `at`: where a file is. @throws EpdError `checkpoint-missing`, `spec-invalid` */
export async function readPrompts(
  prompts: PromptsSpec | undefined,
  at: (location: string) => string
): Promise<readonly string[] | undefined> {
  if (prompts === undefined || !('csv' in prompts)) return prompts
  const path = at(prompts.csv)
  const bytes = await readWhole(path).catch((error: unknown) => {
    const reason = systemReason(error) ?? 'cannot be read as a file; correct its path'
    throw new EpdError('checkpoint-missing', `prompts: ${path}: ${reason}`, { cause: error })
  })
  const found = await columnOf(bytes.toString('utf8'), prompts.column, path)
  if (found.length === 0) throw new EpdError('spec-invalid', `${path}: has no line of prompts`)
  return found
}

async function columnOf(text: string, column: string, path: string): Promise<string[]> {
  const { parse } = await import('csv-parse/sync')
  let rows: string[][]
  try {
    rows = parse(text, { bom: true, skip_empty_lines: true })
  } catch (error) {
    throw new EpdError(
      'spec-invalid',
      `${path}: cannot be read as CSV: ${error instanceof Error ? error.message : ''}`,
      { cause: error }
    )
  }
  const [names = [], ...lines] = rows
  const place = names.indexOf(column)
  if (place < 0)
    throw new EpdError(
      'spec-invalid',
      `${path}: has no column ${JSON.stringify(column)}; it has ${firstNames(names)} (prompts.column names it)`
    )
  return lines.map(line => line[place])
}

/** The prompt of each seed. */
export function promptsOf(prompts: readonly string[], seeds: readonly number[]): string[] {
  return seeds.map(seed => prompts[seed % prompts.length])
}

/** Whether a model that reads prompts has some, and no other has. @throws EpdError `spec-invalid` */
export function checkPrompts({ prompted = false }: Model, prompts: readonly string[] | undefined): void {
  if (prompted && !prompts)
    throw new EpdError(
      'spec-invalid',
      'prompts: expected a list of prompts or { csv: ... }, which the model reads; found nothing'
    )
  if (!prompted && prompts)
    throw new EpdError('spec-invalid', 'prompts: expected none, since the model reads no prompts; take them out')
}
