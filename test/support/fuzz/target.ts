import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readZip } from '../../../src/checkpoints/zip.js'

/** Something that reads what others wrote, to be given all kinds of input. */
export interface Target {
  /** The inputs, in words; the folder of `test/fixtures/fuzz` has this name with hyphens. */
  readonly name: string
  /** Inputs to begin with. */
  readonly seeds: () => readonly Buffer[]
  /** What the reader looks for. */
  readonly tokens: readonly (string | Buffer)[]
  /** Corrects checksums and lengths, so that the reader looks behind them. */
  readonly repaired?: (input: Buffer) => Buffer
  /** Imports the reader. `place` writes a file into a folder of its own, `folder`, and returns its path. */
  readonly open: (place: Place, folder: string) => Promise<Reader>
  /** Whether an error is how the reader refuses input, where that is not by an EpdError. */
  readonly refuses?: (error: Error) => boolean
  /** Why an input may take any time and memory, where it may. */
  readonly unbounded?: string
}

export type Place = (name: string, bytes: Uint8Array | string) => string

/** Throws what is wrong with the input. */
export type Reader = (input: Buffer) => unknown

/** Writes files into a folder. The functions are those of now, whatever is put in their place later. */
export function placeIn(folder: string, write: typeof writeFileSync = writeFileSync): Place {
  return (name, bytes) => {
    const path = join(folder, name)
    write(path, bytes)
    return path
  }
}

const FOUND = fileURLToPath(new URL('../../fixtures/fuzz', import.meta.url))

export function slug({ name }: Target): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

/** Inputs that a reader once failed at. */
export function formerFindings(target: Target): readonly (readonly [name: string, input: Buffer])[] {
  const folder = join(FOUND, slug(target))
  try {
    return readdirSync(folder).map(name => [name, readFileSync(join(folder, name))] as const)
  } catch {
    return []
  }
}

/** The files of an archive of `test/fixtures/interop`. */
export function packed(name: string): ReadonlyMap<string, Buffer> {
  const path = fileURLToPath(new URL(`../../fixtures/interop/${name}`, import.meta.url))
  const archive = readZip(readFileSync(path), path)
  return new Map(archive.names.map(file => [file, archive.read(file) ?? Buffer.alloc(0)]))
}
