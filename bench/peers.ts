import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Where the interop suite keeps the Python that it installs. */
const INTEROP = fileURLToPath(new URL('../node_modules/.cache/interop-python/bin/python', import.meta.url))

/** A Python that may have the peers: what PYTHON names, the interop suite's, or the machine's. */
export const python = process.env.PYTHON ?? (existsSync(INTEROP) ? INTEROP : 'python3')

/** Whether Python has a package. */
export function hasPackage(name: string): boolean {
  return spawnSync(python, ['-c', `import ${name}`]).status === 0
}

/** The first of the packages that Python lacks, in a sentence with the way out; undefined where it has them all. */
export function lacking(packages: readonly string[]): string | undefined {
  const missing = packages.find(name => !hasPackage(name))
  return missing === undefined ? undefined : `${python} lacks ${missing}; PYTHON names another Python`
}

export type Answer = { readonly seconds: number } & Readonly<Record<string, unknown>>

/** A process that answers each line of JSON with one. */
export interface Talk {
  /** @throws Error with the last line that the process said, where it ends without an answer */
  readonly ask: (question: unknown) => Promise<Answer>
  /** Lets the process end, and waits until it has. */
  readonly close: () => Promise<void>
}

/** A script of bench/peers in a process of its own, which answers with seconds, and versions. */
export function peer(script: string, args: readonly string[] = []): Talk {
  return talk(python, [peerPath(script), '--threads', `${availableParallelism()}`, ...args])
}

export function peerPath(script: string): string {
  return fileURLToPath(new URL(`peers/${script}`, import.meta.url))
}

/** Starts a process that answers lines of JSON. */
export function talk(command: string, args: readonly string[]): Talk {
  const child = spawn(command, args, { stdio: 'pipe' })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<string>(resolve => {
    child.on('error', ({ message }) => {
      resolve(message)
    })
    child.on('close', (code, signal) => {
      resolve(lastLine(said) ?? `it ended with ${signal ?? code ?? 'no code'}`)
    })
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      const line = await lines.next()
      if (line.done) throw new Error(await ended)
      return JSON.parse(line.value) as Answer
    },
    async close() {
      child.stdin.end()
      await ended
    }
  }
}

function lastLine(text: string): string | undefined {
  const line = text.trim().split('\n').at(-1)
  return line === '' ? undefined : line
}
