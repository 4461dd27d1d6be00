import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { inspect } from 'node:util'

const WRITES =
  /^(appendFile|chmod|chown|copyFile|cp|createWriteStream|lchown|link|lutimes|mkdir|mkdtemp|rename|rm|rmdir|symlink|truncate|unlink|utimes|write|writeFile|writev)(Sync)?$/
const OPENS = /^open(Sync)?$/
const STARTS = /^(exec|execFile|fork|spawn)(Sync)?$/

export interface Guard {
  /** Whether nothing may write a file, start a process or connect. */
  active: boolean
  /** What tried to do so since the last call. */
  readonly tried: () => readonly string[]
}

/** Stands between this process and all that it may leave behind. Functions that were taken before are as they were. */
export function guard(): Guard {
  const tried: string[] = []
  const state: Guard = { active: false, tried: () => tried.splice(0) }
  const refuse = (module: object, names: RegExp, allows: (args: readonly unknown[]) => boolean = () => false) => {
    for (const [name, original] of Object.entries(module)) {
      if (!names.test(name) || typeof original !== 'function') continue
      const call = original as (...args: readonly unknown[]) => unknown
      const instead = function (this: unknown, ...args: readonly unknown[]) {
        if (!state.active || allows(args)) return call.apply(this, [...args])
        tried.push(`${name} ${inspect(args[0]).slice(0, 200)}`)
        throw new Error(`${name} is refused`)
      }
      Object.defineProperty(module, name, { value: instead, configurable: true, writable: true })
    }
  }
  const writing = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC
  const reads = ([, flags]: readonly unknown[]) =>
    typeof flags === 'number' ? (flags & writing) === 0 : typeof flags !== 'string' || flags === 'r'
  for (const module of [fs, fs.promises]) {
    refuse(module, WRITES)
    refuse(module, OPENS, reads)
  }
  refuse(childProcess, STARTS)
  refuse(net.Socket.prototype, /^connect$/)
  syncBuiltinESMExports()
  return state
}
