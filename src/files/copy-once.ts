import { createReadStream } from 'node:fs'
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { child } from '../reading/plain.js'
import type { Summing } from './digest.js'
import { makeFolder, placeFile } from './place.js'
import { dirname } from 'node:path'
import { sightOf, thisProcess, type ProcessIdentity } from './processes.js'
import { ChangedFile } from './verified.js'

/** A file that several processes of a machine want a copy of. */
export interface CopyOptions {
  readonly source: string
  readonly target: string
  /** Its size in bytes. */
  readonly size: number
  /** What sums it up, and the sum that it must have. */
  readonly start: () => Summing
  readonly sum: string
  readonly signal?: AbortSignal
}

/** Milliseconds between two looks at a lock, between two signs of life, and of silence after which it is taken over. */
const [LOOK, BEAT, SILENCE] = [100, 1_000, 10_000]

/**
 * Copies a file unless its copy is there in its full size: one process does, those that ask meanwhile wait, and one of
 * them takes over where that process is gone. The copy is checked while it is made; whoever reads a copy that was there
 * before checks it. Returns whether this process has made it.
 * @throws ChangedFile where the file is not what it must be, and what the system says where it cannot be copied
 */
export async function copyOnce(options: CopyOptions): Promise<boolean> {
  const { target, size, signal } = options
  const lock = `${target}.lock`
  makeFolder(dirname(target))
  for (;;) {
    signal?.throwIfAborted()
    if ((await stat(target).catch(() => undefined))?.size === size) return false
    if (await isTaken(lock)) {
      await given(lock, signal)
      continue
    }
    const timer = setInterval(() => {
      const now = new Date()
      utimes(lock, now, now).catch(() => undefined)
    }, BEAT).unref()
    try {
      await copy(options)
      return true
    } finally {
      clearInterval(timer)
      await rm(lock, { force: true })
    }
  }
}

async function copy({ source, target, start, sum: expected, signal }: CopyOptions): Promise<void> {
  const sum = start()
  async function* parts() {
    const from: AsyncIterable<Buffer> = createReadStream(source, { highWaterMark: 1 << 20, signal })
    for await (const part of from) {
      sum.update(part)
      yield part
    }
    // What is thrown here keeps the copy from its place.
    if (sum.digest() !== expected) throw new ChangedFile(source, 'has changed since it was written')
  }
  await placeFile(target, parts())
}

/** Takes a lock. Returns whether another process has it. */
async function isTaken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, JSON.stringify(thisProcess()), { flag: 'wx' })
    return false
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return true
    throw error
  }
}

/** Resolves once a lock is given back, or taken from a process that is gone. Two that hold it make the same copy. */
async function given(lock: string, signal?: AbortSignal): Promise<void> {
  let [seen, since] = [0, performance.now()]
  for (;;) {
    const held = await stat(lock).catch(() => undefined)
    if (!held) return
    if (held.mtimeMs !== seen) [seen, since] = [held.mtimeMs, performance.now()]
    const holder = await holderOf(lock)
    if ((holder && sightOf(holder) === 'gone') || performance.now() - since > SILENCE) {
      await rm(lock, { force: true })
      return
    }
    await sleep(LOOK, undefined, { signal })
  }
}

async function holderOf(lock: string): Promise<ProcessIdentity | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(lock, 'utf8'))
    const [machine, pid, began] = ['machine', 'pid', 'began'].map(key => child(found, key))
    if (typeof machine === 'string' && typeof pid === 'number' && typeof began === 'string')
      return { machine, pid, began }
  } catch {
    // It is being written, or given back.
  }
  return undefined
}
