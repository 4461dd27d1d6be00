import { homedir } from 'node:os'
import { join } from 'node:path'
import { quote } from './problem.js'

/** What is wrong with a path whatever the disk holds, as "expected ..., found ...". */
export function wrongPath(path: string): string | undefined {
  if (path.trim() === '') return `expected a path, found ${path === '' ? 'an empty one' : quote(path)}`
  if (path.includes('\0')) return `expected a path, found ${quote(path)}, and no path has a NUL character`
  const home = /^~([^/\\]*)(?:[/\\](.*))?$/s.exec(path)
  if (!home || (home[1] !== '' && home.at(2) === undefined)) return undefined
  const whole = home[1] === '' ? join(homedir(), home.at(2) ?? '') : '/home/...'
  return `expected a whole path, such as ${whole}, found ${quote(path)}: ~ is what a shell puts in, and none has read this`
}
