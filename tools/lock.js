// package-lock.json says three things that the packages themselves do not. npm takes both from the lock, and keeps them until a
// package is updated. `npm run lock` writes them again, and a test holds them.
import { readFileSync, writeFileSync } from 'node:fs'

/**
 * @typedef {{ engines?: Record<string, string>, hasInstallScript?: boolean }} Entry
 * @typedef {{ packages: Record<string, Entry | undefined> }} Lock
 */

/**
 * The lock with what npm is to know.
 * @param {Lock} lock
 * @returns {Lock}
 */
export function corrected(lock) {
  const sqlite = { ...entry(lock, 'node_modules/better-sqlite3') }
  delete sqlite.engines
  const sqlite12 = entry(lock, 'node_modules/better-sqlite3-12')
  const onnxruntime = { ...entry(lock, 'node_modules/onnxruntime-node') }
  delete onnxruntime.hasInstallScript
  return {
    ...lock,
    packages: {
      ...lock.packages,
      // Node 20 does not load it, but npm would warn there of what it does not need.
      'node_modules/better-sqlite3': sqlite,
      // Later versions of Node take better-sqlite3 13, which needs no compiler. npm leaves an optional package out, without a
      // word, where its engines do not fit.
      'node_modules/better-sqlite3-12': { ...sqlite12, engines: { node: '20.x' } },
      // The script downloads CUDA libraries of 300 MB on every Linux x64. npm before version 11 knows no other way to leave
      // out one package's script.
      'node_modules/onnxruntime-node': onnxruntime
    }
  }
}

/**
 * @param {Lock} lock
 * @param {string} name
 */
function entry(lock, name) {
  const found = lock.packages[name]
  if (!found) throw new Error(`package-lock.json has no ${name}; correct tools/lock.js`)
  return found
}

/**
 * @param {unknown} value
 * @returns {value is Lock}
 */
function isLock(value) {
  return typeof value === 'object' && value !== null && 'packages' in value
}

if (process.argv[1] === import.meta.filename) {
  const file = new URL('../package-lock.json', import.meta.url)
  /** @type {unknown} */
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  if (!isLock(lock)) throw new Error(`${file.pathname} is no lock of npm`)
  writeFileSync(file, `${JSON.stringify(corrected(lock), null, 2)}\n`)
}
