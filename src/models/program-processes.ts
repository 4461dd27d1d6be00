import { readdirSync, readFileSync } from 'node:fs'

/** A program with all that it has started. */
export interface ProgramProcesses {
  /** The program itself, which leads a process group; undefined where it could not be started. */
  readonly pid?: number
  /** The value of MARK in its environment. */
  readonly mark: string
}

/**
 * The variable by which a program's processes are known. A process that has left its group, its session and its parent
 * still has the environment in which it was started.
 */
export const MARK = 'EPD_RUN_PROGRAM'

/** Processes that start others while they are killed are looked for so many times. */
const ROUNDS = 10

/**
 * Kills the program and its group, and on Linux whatever else it has started. On Windows the program alone is killed.
 */
export function killProgram({ pid, mark }: ProgramProcesses): void {
  if (pid === undefined) return
  killed(process.platform === 'win32' ? pid : -pid)
  if (process.platform !== 'linux') return
  for (let round = 0; round < ROUNDS; round++) if (!marked(mark).some(killed)) return
}

/** Whether a process, or a group, was there to be killed. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

function marked(mark: string): number[] {
  const entry = `${MARK}=${mark}\0`
  return numbersIn('/proc').filter(pid => environmentOf(pid).includes(entry))
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** The environment that a process was started with; empty for one that has ended, and for other users' processes. */
function environmentOf(pid: number): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`)
  } catch {
    return Buffer.alloc(0)
  }
}
