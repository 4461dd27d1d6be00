import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A Python that may have the peers. */
export const python = process.env.PYTHON ?? 'python3'

/** Whether Python has a package. */
export function hasPackage(name: string): boolean {
  return spawnSync(python, ['-c', `import ${name}`]).status === 0
}

/** A script of bench/peers in a process of its own, which answers each line of JSON with one: seconds, and versions. */
export function peer(script: string) {
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url))
  const child = spawn(python, [path, '--threads', `${availableParallelism()}`], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)
  return {
    ask: async (question: unknown) => {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      const [line] = (await once(lines, 'line')) as [string]
      return JSON.parse(line) as { seconds: number } & Record<string, unknown>
    },
    close: () => child.stdin.end()
  }
}
