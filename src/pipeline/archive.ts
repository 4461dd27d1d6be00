import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createTarPacker, type TarPackController } from 'modern-tar'
import { digestOfBytes } from '../files/digest.js'
import { makeFolder, temporaryName } from '../files/place.js'
import type { Run, RunRecords, SealedRow, Store, StoredObject } from '../store/store.js'
import { writtenRecord } from '../predictors/written.js'
import { DIGEST, FORMAT, MANIFEST, objectEntry, RECORDS, type Manifest } from './archive-format.js'
import { predictorsIn } from './predictors.js'
import { packageVersion } from './version.js'

/** A run that was written into a file. */
export interface Archived {
  readonly run: string
  readonly file: string
  /** Bytes of the file. */
  readonly bytes: number
  /** The files of results that are in it. */
  readonly objects: number
}

/**
 * Writes a run whole into one file: its spec, stages, results, learned parameters, tags and note, the predictors that
 * its spec names, and all files that its stages have left. The file is a tar, and carries digests of all that is in it.
 * It takes the place of a file that is there once it is whole. Files that a spec names, such as the checkpoint, are not
 * in it.
 * @throws EpdError `not-found`, `store-corrupt` where something is not what was written
 */
export async function archive(store: Store, run: string, file: string): Promise<Archived> {
  const { id, ...rest } = store.run(run)
  const rows = [...store.records(id), ...namedPredictors(store, { id, ...rest })]
  const objects = objectsIn(store, id)
  const records = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const manifest: Manifest = {
    ...{ format: FORMAT, epdRun: packageVersion(), run: id },
    records: { digest: digestOfBytes(records), size: records.length },
    objects
  }
  const path = resolve(file)
  makeFolder(dirname(path))
  const temporary = join(dirname(path), temporaryName())
  try {
    await written(temporary, controller => packed(controller, store, manifest, records))
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return { run: id, file, bytes: (await stat(path)).size, objects: objects.length }
}

async function written(path: string, pack: (controller: TarPackController) => Promise<void>): Promise<void> {
  const { readable, controller } = createTarPacker()
  const packing = pack(controller).catch((error: unknown) => {
    controller.error(error)
    throw error
  })
  const out = createWriteStream(path, { flags: 'wx', flush: true })
  await Promise.all([pipeline(Readable.fromWeb(readable), out), packing])
}

async function packed(
  controller: TarPackController,
  store: Store,
  manifest: Manifest,
  records: Uint8Array
): Promise<void> {
  const add = async (name: string, data: Uint8Array) => {
    // One time and one owner, so that the same run is the same bytes.
    const header = { name, size: data.byteLength, type: 'file', mode: 0o644, mtime: new Date(0) } as const
    const writer = controller.add(header).getWriter()
    await writer.write(data)
    await writer.close()
  }
  const text = Buffer.from(`${JSON.stringify(manifest)}\n`)
  await add(MANIFEST, text)
  await add(DIGEST, Buffer.from(`${digestOfBytes(text)}  ${MANIFEST}\n`))
  await add(RECORDS, records)
  for (const object of manifest.objects) await add(objectEntry(object), store.readArtifact(object))
  controller.finalize()
}

/** The files that stages of a run have left, each once. */
function objectsIn(store: Store, run: string): StoredObject[] {
  const all = store.runStages(run).flatMap(({ key }) => store.artifacts(key))
  const distinct = new Map(
    all.map(({ digest, extension, size }) => [`${digest}.${extension}`, { digest, extension, size }])
  )
  return [...distinct.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
}

/**
 * The predictors of the store that a spec names, as rows of imported ones: those that other runs have distilled become
 * imported there, under the name that the spec gives. What is published is known everywhere.
 */
function namedPredictors(store: Store, run: Run): RunRecords {
  const source = predictorsIn(store.root)
  return namesIn(run).flatMap((name): SealedRow[] => {
    const row = store.importedPredictor(name)
    const isOwn = name.startsWith(`${run.id}/`)
    const record = row?.record ?? (name.includes('/') && !isOwn ? recordNamed(source, name) : undefined)
    if (record === undefined) return []
    const values = { name, record: JSON.stringify(record), source: row?.source ?? name, imported: run.created }
    return [{ table: 'imported_predictors', values }]
  })
}

function recordNamed(source: ReturnType<typeof predictorsIn>, name: string): unknown {
  const found = source.get(name)
  return found && writtenRecord(found)
}

/** The names behind `predictor:` in a spec and in what was put into it. */
function namesIn({ spec, overrides }: Run): string[] {
  const found = [spec, ...overrides].flatMap(text => [...text.matchAll(/predictor:([^\s,}'"\]]+)/g)])
  return [...new Set(found.map(([, name]) => name))]
}
