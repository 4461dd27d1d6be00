import { createHash } from 'node:crypto'
import { basename, extname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { placeFileSync } from '../files/place.js'
import { listPredictors, predictorNamed } from '../pipeline/predictors.js'
import { exportedFiles, folderOf, wrongFolder } from '../predictors/exported.js'
import { described, encodeJson, encodeTensors, readPredictor } from '../predictors/file.js'
import { publishedPredictors } from '../predictors/published.js'
import type { PredictorRecord } from '../predictors/record.js'
import { TARGETS, type Target } from '../predictors/targets.js'
import { describeGrid, gridOf } from '../solvers/spec.js'
import { writtenRecord } from '../predictors/written.js'
import { canonical } from '../reading/plain.js'
import { parseYaml } from '../reading/yaml.js'
import { createStore, type ImportedRow, type Store } from '../store/store.js'
import { inColumns } from './columns.js'
import type { Flags, ImportFlags } from './flags.js'
import { tellTaken } from './found-run.js'
import { checkOut } from './out.js'
import { solverWords } from '../stages/kind.js'
import { print, printExact, printJson } from './output.js'
import { printableJson } from './printable.js'

/** Lists every predictor that a spec can use by its name. */
export function list({ store: dir, json }: Flags): void {
  const all = listPredictors(dir)
  if (json) {
    const rows = all.map(({ name, origin, record: { solver, model, fid } }) => ({ name, origin, solver, model, fid }))
    printJson(rows)
    return
  }
  const rows = all.map(({ name, origin, record }) => [
    name,
    origin,
    solverWords(record.solver),
    modelWords(record),
    record.fid ?? null
  ])
  print(inColumns(['predictor', 'origin', 'solver', 'model', 'fid'], rows))
}

/** Reads a predictor from a file into the store. */
export async function take(
  file: string,
  { store: dir, json, name, solver, lists, configuration }: ImportFlags
): Promise<void> {
  const record = await readPredictor(file, name, { lists, configuration, solver: solver && solverIn(solver) })
  const published = publishedPredictors().get(record.name)
  if (published && !same(published, record)) throw taken(record.name, 'a published predictor')
  const written = writtenRecord(record)
  const store = createStore(dir)
  try {
    const known = imported(store, record.name)
    if (known && canonical(known.record) !== canonical(written))
      throw taken(record.name, `the one imported from ${known.source}`)
    if (!published && !known) store.putImported(record.name, written, file)
  } finally {
    store.close()
  }
  if (json) printJson(written)
  else
    print(
      `${record.name}: ${solverWords(record.solver)}, ${describeGrid(gridOf(record.solver))}${modelWords(record) && `, for ${modelWords(record)}`}\n` +
        `use it in a spec as  solver: { from: "predictor:${record.name}" }`
    )
}

/** A solver as a spec writes it: its name, or a mapping. */
function solverIn(text: string): unknown {
  const { faults, value } = parseYaml(text)
  if (faults.length === 0) return value()
  throw new EpdError('usage', `--solver ${text}: is neither a name nor a mapping`)
}

/** The options of `export`. */
export interface ExportFlags extends Flags {
  readonly out?: string
  readonly to?: string
}

/** Writes a predictor to a file, as JSON to stdout, or as a folder for another program. */
export function give(name: string, flags: ExportFlags): void {
  const record = predictorNamed(flags.store, name, tellTaken)
  const target = TARGETS.find(each => each.name === flags.to)
  if (target) giveFolder(record, target, flags)
  else giveFile(record, flags)
}

function giveFile(record: PredictorRecord, { json, out, to }: ExportFlags): void {
  if (out === undefined) {
    if (json) printJson(described(record))
    else printExact(printableJson(encodeJson(record).toString('utf8')))
    return
  }
  const kinds = to === undefined ? ENCODED : { '.json': encodeJson }
  const encode = new Map(Object.entries(kinds)).get(extname(out))
  if (!encode)
    throw new EpdError('usage', `--out ${out}: expected a name that ends in ${Object.keys(kinds).join(' or ')}`)
  checkOut(out)
  const bytes = encode(record)
  placeFileSync(out, bytes)
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (json) printJson({ file: out, name: record.name, digest })
  else print(`${out}: ${solverWords(record.solver)}, sha256 ${digest}`)
}

const ENCODED = { '.json': encodeJson, '.safetensors': encodeTensors }

function giveFolder(record: PredictorRecord, target: Target, { json, out }: ExportFlags): void {
  const folder = out ?? folderOf(target, record)
  const unfit = wrongFolder(target, basename(folder))
  if (unfit !== undefined) throw new EpdError('usage', `--out ${folder}: ${unfit}`)
  const files = exportedFiles(target, record, basename(folder))
  checkOut(folder)
  for (const [file, bytes] of files) placeFileSync(join(folder, file), bytes)
  if (json) printJson({ folder, name: record.name, files: [...files.keys()] })
  else
    print(
      `${folder}: ${solverWords(record.solver)} for ${target.name}; ${join(folder, 'README.md')} says how to use it`
    )
}

/** One that is damaged is none: what is imported takes its place. */
function imported(store: Store, name: string): ImportedRow | undefined {
  try {
    return store.importedPredictor(name)
  } catch (error) {
    if (error instanceof EpdError && error.code === 'store-corrupt') return undefined
    throw error
  }
}

/** Whether two records stand for the same, whatever FID is noted. */
function same(a: PredictorRecord, b: PredictorRecord): boolean {
  return canonical(writtenRecord({ ...a, fid: undefined })) === canonical(writtenRecord({ ...b, fid: undefined }))
}

function taken(name: string, by: string): EpdError {
  return new EpdError('usage', `"${name}" is the name of ${by}, which is another; choose a name with --name`)
}

function modelWords({ model: { dataset, shape, digest } }: PredictorRecord): string {
  const words = [
    dataset,
    shape?.join('x'),
    dataset === undefined && digest !== undefined ? `model ${digest.slice(0, 12)}` : undefined
  ]
  return words.flatMap(word => word ?? []).join(' ')
}
