import { EpdError, type WayOut } from '../errors.js'
import { isMapping } from '../reading/plain.js'
import { flowSigma } from '../solvers/coordinates.js'
import { parseRecord, type PredictorRecord } from './record.js'

/** What the numbers of a list are: noise levels, times t of a flow, or what a model's network is told. */
export type ListKind = 'sigmas' | 'times' | 'timesteps'

const LISTS: readonly ListKind[] = ['sigmas', 'times', 'timesteps']

/** What a list is for, which the file does not say. */
export interface ListUse {
  readonly lists?: ListKind
  /** The solver by its name, or as a spec writes it, without time points. */
  readonly solver?: unknown
}

/** Numbers with commas, blanks or lines between them, in brackets or not. */
const NUMBERS = /^\s*\[?[\s\d.,;eE+-]+\]?\s*$/

/**
 * The list of a file: of a mapping that names its numbers, or plain numbers; undefined where it holds something else.
 */
export function listIn(text: string): { readonly kind?: ListKind; readonly numbers: readonly number[] } | undefined {
  if (NUMBERS.test(text)) return { numbers: (text.match(/[^\s,;[\]]+/g) ?? []).map(Number) }
  const value = jsonOf(text)
  if (!isMapping(value) || 'learned' in value) return undefined
  const kinds = LISTS.filter(kind => Array.isArray(value[kind]))
  const [kind] = kinds
  const listed: unknown = kinds.length === 1 ? value[kind] : undefined
  return isNumbers(listed) ? { kind, numbers: listed } : undefined
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(each => typeof each === 'number')
}

/**
 * A list of time points as a record for a solver, as if they had been learned for it.
 * @throws EpdError `predictor-invalid` where nothing says what the numbers are or which solver they are for, and where
 * they are no time points
 */
export function listRecord(
  { kind: own, numbers }: NonNullable<ReturnType<typeof listIn>>,
  { lists, solver }: ListUse,
  name: string,
  source: string
): PredictorRecord {
  const invalid = (what: string, wayOut?: WayOut) => new EpdError('predictor-invalid', `${source}: ${what}`, { wayOut })
  const kind = own ?? lists
  if (!kind) throw invalid('is a list of numbers, which may be sigmas, times of a flow or timesteps', 'say-list')
  if (own && lists && own !== lists) throw invalid(`lists ${own}, and not ${lists}`)
  if (solver === undefined) throw invalid('is a list of time points, which are for a solver', 'say-solver')
  const wrong = numbers.find(number => !Number.isFinite(number))
  if (numbers.length === 0 || wrong !== undefined)
    throw invalid(
      `its ${kind} must be numbers, found ${typeof wrong === 'object' ? JSON.stringify(wrong) : String(wrong)}`
    )
  const chosen = isMapping(solver) ? solver : { name: solver }
  return parseRecord(
    {
      name,
      solver: { ...chosen, schedule: { type: 'explicit', [kind]: numbers } },
      learned: learnedFrom(kind, numbers),
      model: {}
    },
    source
  )
}

/** What a record keeps of a list: noise levels above 0, or timesteps, whose noise levels only a model knows. */
function learnedFrom(kind: ListKind, numbers: readonly number[]) {
  if (kind === 'timesteps') return { timesteps: numbers }
  const sigmas = kind === 'times' ? numbers.map(flowSigma) : numbers
  return { sigmas: sigmas.filter(sigma => sigma > 0) }
}
