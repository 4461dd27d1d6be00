import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../store/other.ts', import.meta.url))

export interface OtherProcess {
  readonly child: ChildProcess
  readonly ask: (command: string) => Promise<unknown>
}

/** A process of its own with a store open, which does what it is asked. */
export function otherProcess(root: string): OtherProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', program, root], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    ask: async (command: string): Promise<unknown> => {
      child.stdin.write(`${command}\n`)
      return (await answers.next()).value
    }
  }
}
