import { readFileSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { tableRows, type Table } from '../solvers/table.js'
import type { PredictorRecord } from './record.js'
import { tableOfRecord, TABLE_UNITS } from './record-table.js'
import { TARGETS, type Target } from './targets.js'
import { written } from './written.js'

/** python/ stands beside src/ and beside dist/. */
const TEMPLATES = new URL('../../python/export/', import.meta.url)

/** The files of an exported folder, by their names. */
export type ExportedFiles = ReadonlyMap<string, Buffer>

/** A name as Python writes one: letters, digits and underscores. */
function identifier(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '_')
}

/** Whether a name can stand in an import statement of Python. */
function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

/** Why users of a target could not import a folder of this name; undefined where they can. */
export function wrongFolder(target: Target, folder: string): string | undefined {
  if (!target.isImported) return undefined
  if (folder.includes('.')) return 'Python imports no folder with a dot in its name; name it without'
  const libraries = [...templateOf(target, 'py').matchAll(/^(?:import|from) (\w+)/gm)].map(([, library]) => library)
  if (![...libraries, identifier(target.name)].includes(folder)) return undefined
  return `Python would find this folder in place of ${folder} itself; name it otherwise`
}

function templateOf({ template }: Target, extension: string): string {
  return readFileSync(new URL(`${template}.${extension}`, TEMPLATES), 'utf8')
}

/** What a folder is called where nothing else is said. */
export function folderOf(target: Target, { name }: PredictorRecord): string {
  return identifier(`${target.name}_${name}`)
}

/**
 * A predictor as a package of Python for a target: its table, one file that runs it, and a README.
 * @param folder what the package is called
 * @throws EpdError `no-table` where it is none, or begins where the target's models are not evaluated
 */
export function exportedFiles(target: Target, record: PredictorRecord, folder: string): ExportedFiles {
  const table = tableOfRecord(record)
  if (table.sigmas[0] === Infinity && !target.atInfiniteNoise) {
    const others = TARGETS.filter(({ atInfiniteNoise }) => atInfiniteNoise).map(({ name }) => name)
    throw new EpdError(
      'no-table',
      `${record.name}: begins at infinite noise (t = 1 of a flow), where models of ${target.name} are not evaluated; export it to ${others.join(' or ')}, or its table by --to json`
    )
  }
  const words = wordsOf(record, table, folder)
  const filled = (extension: string) => {
    const text = importing(templateOf(target, extension), folder)
    return Buffer.from(text.replace(/\b[A-Za-z_]*[A-Z]\b/g, word => words.get(word) ?? word))
  }
  const { name, model } = record
  const told = { format: 'epd-run table', name, model, units: TABLE_UNITS, ...table }
  return new Map([
    ['__init__.py', filled('py')],
    ['table.json', Buffer.from(`${JSON.stringify(written(told), null, 2)}\n`)],
    ['README.md', filled('md')]
  ])
}

/** A text whose import of the folder is a call where the folder's name cannot stand in a statement. */
function importing(text: string, folder: string): string {
  if (isIdentifier(folder)) return text
  return text.replace(/^from FOLDER import (.+)$/m, (_, names: string) =>
    [
      'from importlib import import_module',
      ...names.split(', ').map(name => `${name} = import_module(FOLDER).${name}`)
    ].join('\n')
  )
}

/** The images of an example where nothing is known of the model's. */
const USUAL_SHAPE = [3, 32, 32]

/** What stands in the place of each word of a template. */
function wordsOf(record: PredictorRecord, table: Table, folder: string): ReadonlyMap<string, string> {
  return new Map([
    ['sample_NAME', `sample_${identifier(record.name)}`],
    ['PREDICTOR', record.name],
    ['FOLDER', isIdentifier(folder) ? folder : JSON.stringify(folder)],
    ['EVALUATIONS', String(tableRows(table).length)],
    ['LAYERS', String(table.layers.length)],
    ['SHAPE', (record.model.shape ?? USUAL_SHAPE).join(', ')],
    ['SIGMA_FIRST', table.sigmas[0] === Infinity ? 'infinity (t = 1 of a flow)' : String(table.sigmas[0])],
    ['SIGMA_LAST', String(table.sigmas[1])]
  ])
}
