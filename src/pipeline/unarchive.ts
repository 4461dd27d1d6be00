import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { EpdError, messageOf } from '../errors.js'
import { digestOfBytes } from '../files/digest.js'
import { openToRead } from '../files/read.js'
import { parseRecord } from '../predictors/record.js'
import { wrongFileName } from '../reading/file-names.js'
import { child, isMapping } from '../reading/plain.js'
import { shortName } from '../first-names.js'
import type { RunRecords, SealedRow, Store, StoredObject, WritableStore } from '../store/store.js'
import { DIGEST, FORMAT, MANIFEST, objectEntry, RECORDS, type Manifest } from './archive-format.js'
import { filesIn, type GivenFile } from './given-files.js'
import { runIdOf } from './plan.js'
import { distilled } from './predictors.js'
import { publish } from './publish.js'

/** A run that was read from a file. */
export interface Unarchived {
  readonly run: string
  readonly objects: number
  /** What the run's stages were given elsewhere: it goes on here once the spec finds files of these digests. */
  readonly given: readonly GivenFile[]
  /** Imported predictors that are others here under the same name, and stay. */
  readonly kept: readonly string[]
}

/** Bytes that a manifest, the rows and one file may have: more is not read into memory. */
const MOST = { manifest: 64 << 20, records: 512 << 20, object: 0x7fffffff } as const

/**
 * Reads a run from a file that `archive` wrote into a store. All is verified by its digest, and nothing of a file that
 * is not whole is entered; files that were placed before are left to `collectGarbage`. What the store has finished
 * itself stays.
 * @throws EpdError `archive-invalid` that names what is wrong with the file, `run-in-use`, `store-unwritable`
 */
export async function unarchive(
  store: WritableStore,
  file: string,
  { signal }: { readonly signal?: AbortSignal } = {}
): Promise<Unarchived> {
  return store.whileNoneDeletes(async claim => {
    try {
      const { manifest, records } = await received(store, file, signal)
      const rows = rowsIn(records)
      checkRun(manifest, rows)
      const imported = rows.filter(({ table }) => table === 'imported_predictors').map(importedIn)
      store.putRecords(
        claim,
        rows.filter(({ table }) => table !== 'imported_predictors'),
        id => {
          checkLearned(store, id)
        }
      )
      const kept = imported.flatMap(one => (enter(store, one) ? [] : [one.name]))
      show(store, manifest.run)
      const stages = store.runStages(manifest.run)
      return { run: manifest.run, objects: manifest.objects.length, given: givenIn(stages), kept }
    } catch (error) {
      throw explained(file, error)
    }
  }, signal)
}

/** Takes the entries as they come, which must be those of an archive, in their order. */
async function received(store: WritableStore, file: string, signal?: AbortSignal) {
  await (await openToRead(file)).close()
  const { size } = await stat(file)
  const entries = entriesOf(file, signal)
  const text = await entries.next(MANIFEST, MOST.manifest)
  const digest = await entries.next(DIGEST, 1000)
  if (digest.toString('latin1').slice(0, 64) !== digestOfBytes(text)) throw wrong(`${MANIFEST} has another digest`)
  const manifest = manifestIn(text)
  const all = manifest.objects.reduce((sum, object) => sum + object.size, manifest.records.size)
  if (all > size) throw wrong(`is cut off, or lies: it has ${size} bytes, and the files in it are of ${all}`)
  const records = await entries.next(RECORDS, MOST.records, manifest.records)
  for (const object of manifest.objects)
    store.putObject(await entries.next(objectEntry(object), MOST.object, object), object.extension)
  await entries.end()
  return { manifest, records }
}

interface Expected {
  readonly digest: string
  readonly size: number
}

function entriesOf(file: string, signal?: AbortSignal) {
  const { readable, writable } = createTarDecoder({ strict: true })
  const reader = readable.getReader()
  // What goes wrong while the file is read comes out of the reader.
  pipeline(createReadStream(file, { signal }), Writable.fromWeb(writable)).catch(() => undefined)
  const take = async () => {
    const { done, value } = await reader.read()
    return done ? undefined : value
  }
  return {
    async next(name: string, most: number, expected?: Expected): Promise<Buffer> {
      const entry = await take()
      if (!entry) throw wrong(`is cut off before ${name}`)
      checkHeader(entry, name, most, expected?.size)
      const data = await bytesOf(entry)
      if (data.length !== entry.header.size) throw wrong(`is cut off within ${name}`)
      if (expected && digestOfBytes(data) !== expected.digest) throw wrong(`${name} has another digest than it should`)
      return data
    },
    async end(): Promise<void> {
      const entry = await take()
      if (entry) throw wrong(`has ${said(entry.header.name)}, which is no part of an archive of a run`)
    }
  }
}

function checkHeader({ header }: ParsedTarEntry, name: string, most: number, size = header.size): void {
  if (header.name !== name || header.type !== 'file')
    throw wrong(`has ${said(header.name)} (${header.type}) where ${name} should be; it is no archive of a run`)
  if (header.size !== size) throw wrong(`${name} has ${header.size} bytes, and should have ${size}`)
  if (header.size > most) throw wrong(`${name} has ${header.size} bytes, more than the ${most} that are read`)
}

function said(name: string): string {
  return JSON.stringify(shortName(name))
}

async function bytesOf({ body }: ParsedTarEntry): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}

function manifestIn(bytes: Buffer): Manifest {
  const value = parsed(bytes.toString('utf8'), MANIFEST)
  if (child(value, 'format') !== FORMAT)
    throw wrong(
      `is of form ${JSON.stringify(child(value, 'format'))}, and this epd-run reads ${FORMAT}; use another version`
    )
  if (!isManifest(value)) throw wrong(`${MANIFEST} does not say what is in the archive`)
  return value
}

const HEX = /^[0-9a-f]{64}$/

function isManifest(value: unknown): value is Manifest {
  const objects = child(value, 'objects')
  const isObject = (one: unknown) => isExpected(one) && /^[A-Za-z0-9]{1,20}$/.test(String(child(one, 'extension')))
  return (
    typeof child(value, 'run') === 'string' &&
    isExpected(child(value, 'records')) &&
    Array.isArray(objects) &&
    objects.every(isObject)
  )
}

function isExpected(value: unknown): value is Expected {
  const [digest, size] = [child(value, 'digest'), child(value, 'size')]
  return typeof digest === 'string' && HEX.test(digest) && Number.isSafeInteger(size) && Number(size) >= 0
}

function rowsIn(records: Buffer): RunRecords {
  const lines = records.toString('utf8').split('\n').slice(0, -1)
  return lines.map((line, i) => {
    const value = parsed(line, `${RECORDS}:${i + 1}`)
    if (isRowOfStore(value)) return value
    throw wrong(`${RECORDS}:${i + 1}: is no row of a store`)
  })
}

const TABLES: readonly string[] = [
  ...['runs', 'run_stages', 'run_tags', 'run_notes', 'stages', 'imported_predictors'],
  ...['artifacts', 'shards', 'metrics', 'predictors', 'iterations']
]

function isRowOfStore(value: unknown): value is SealedRow {
  return TABLES.includes(String(child(value, 'table'))) && isMapping(child(value, 'values'))
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wrong(`${where}: is no JSON (${messageOf(error)})`)
  }
}

/** A run's id is the digest of its stages, and all rows are of that run. Its name and theirs are names of files. */
function checkRun({ run, objects }: Manifest, rows: RunRecords): void {
  const of = (table: string, column: string) =>
    rows.filter(one => one.table === table).map(({ values }) => String(values[column]))
  const stages = of('run_stages', 'name').map((name, i) => [name, of('run_stages', 'stage_key')[i]] as const)
  const name = run.slice(0, -9)
  const ids = [...of('runs', 'id'), ...['run_stages', 'run_tags', 'run_notes'].flatMap(table => of(table, 'run_id'))]
  if (run !== runIdOf(name, stages) || ids.some(id => id !== run))
    throw wrong(`its run ${said(run)} is not that of its stages`)
  for (const one of [name, ...stages.map(([stage]) => stage)])
    if (wrongFileName(one) !== undefined || !/^[^/\\\p{C}]+$/u.test(one)) throw wrong(`has the name ${said(one)}`)
  const keys = new Set(stages.map(([, key]) => key))
  const listed = new Set(objects.map(objectEntry))
  for (const key of [...of('stages', 'key'), ...['artifacts', 'shards'].flatMap(table => of(table, 'stage_key'))])
    if (!keys.has(key)) throw wrong(`has the stage ${said(key)}, which is not of its run`)
  for (const { table, values } of rows)
    if (table === 'artifacts' && !listed.has(objectEntry(objectIn(values)))) throw wrong('lacks a file of a stage')
}

function objectIn({ digest, extension, size }: SealedRow['values']): StoredObject {
  return { digest: String(digest), extension: String(extension), size: Number(size) }
}

/** @throws EpdError unless what was distilled can be read */
function checkLearned(store: Store, run: string): void {
  for (const { name, key } of store.runStages(run)) distilled(store, key, `${run}/${name}`)
}

interface Imported {
  readonly name: string
  readonly record: unknown
  readonly source: string
}

function importedIn({ values }: SealedRow): Imported {
  const name = String(values.name)
  const record = parsed(String(values.record), name)
  parseRecord(record, name)
  return { name, record, source: String(values.source) }
}

/** Whether a predictor is imported here, as the same that it is there. */
function enter(store: WritableStore, { name, record, source }: Imported): boolean {
  const known = store.importedPredictor(name)
  if (known) return JSON.stringify(known.record) === JSON.stringify(record)
  store.putImported(name, record, source)
  return true
}

/** Puts the overviews of pictures where people look for them. */
function show(store: Store, run: string): void {
  for (const { name, key, stage } of store.runStages(run))
    if (stage?.status === 'finished') publish({ name, each: false }, key, run, store)
}

function givenIn(stages: ReturnType<Store['runStages']>): GivenFile[] {
  const files = stages.flatMap(({ stage }) => filesIn(stage?.provenance))
  return [...new Map(files.map(file => [`${file.location} ${file.digest}`, file])).values()]
}

function wrong(what: string): EpdError {
  return new EpdError('archive-invalid', what)
}

/** What is wrong with the file, whoever found it. */
function explained(file: string, error: unknown): unknown {
  if (error instanceof EpdError && ['archive-invalid', 'predictor-invalid'].includes(error.code))
    return new EpdError('archive-invalid', `${file}: ${error.message}`, { cause: error })
  const isTar =
    error instanceof Error && !(error instanceof EpdError) && !('code' in error) && error.name !== 'AbortError'
  return isTar
    ? new EpdError('archive-invalid', `${file}: is no whole tar (${error.message})`, { cause: error })
    : error
}
