// Lists the licences of all packages by package-lock.json, and fails where one is of a kind that nobody has looked at:
// `npm run licences`.
import { readFileSync } from 'node:fs'

/**
 * @typedef {{ license?: string, dev?: boolean, integrity?: string, link?: boolean }} Entry
 * @typedef {{ name: string, licence: string, development: boolean }} Licensed
 */

/**
 * Licences under which the packages that epd-run runs with may be, each of which lets anyone use and pass them on. OFL-1.1
 * is that of a font: what is drawn with it is not under it.
 */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'OFL-1.1', 'WTFPL']

/** Licences under which tools of development may be besides: what they make of the code is not under them. */
const DEVELOPMENT = ['BlueOak-1.0.0', 'CC-BY-4.0', 'MPL-2.0', 'Python-2.0']

/**
 * @param {Record<string, Entry>} packages those of a lock
 * @returns {Licensed[]}
 */
export function licensed(packages) {
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { license = 'none', dev = false }]) => ({
      name: path.replace(/^.*node_modules\//, ''),
      licence: license,
      development: dev
    }))
}

/**
 * What is wrong with the licences, a sentence each.
 * @param {readonly Licensed[]} packages
 */
export function faults(packages) {
  return packages
    .filter(({ licence, development }) => !allowed(licence, development ? [...ALLOWED, ...DEVELOPMENT] : ALLOWED))
    .map(
      ({ name, licence, development }) =>
        `${name} is under ${licence}, which tools/licences.js does not list for ${development ? 'development' : 'use'}`
    )
}

/**
 * Whether an SPDX expression of AND or of OR, which is all that packages here have, is met by a list.
 * @param {string} expression
 * @param {readonly string[]} list
 */
function allowed(expression, list) {
  const inner = expression.replace(/^\((.*)\)$/, '$1')
  const one = (/** @type {string} */ name) => list.includes(name)
  return inner.includes(' OR ') ? inner.split(' OR ').some(one) : inner.split(' AND ').every(one)
}

/** The packages of package-lock.json. */
export function lockedPackages() {
  /** @type {unknown} */
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
  if (!isLock(lock)) throw new Error('package-lock.json is no lock of npm')
  return lock.packages
}

/**
 * @param {unknown} value
 * @returns {value is { packages: Record<string, Entry> }}
 */
function isLock(value) {
  return typeof value === 'object' && value !== null && 'packages' in value
}

if (process.argv[1] === import.meta.filename) {
  const packages = licensed(lockedPackages())
  /** @param {boolean} development */
  const count = development => {
    const names = packages.filter(one => one.development === development).map(({ licence }) => licence)
    return [...new Set(names)].sort().map(name => `${name} ${names.filter(other => other === name).length}`)
  }
  console.log(`for use: ${count(false).join(', ')}\nfor development: ${count(true).join(', ')}`)
  const wrong = faults(packages)
  for (const fault of wrong) console.error(fault)
  process.exitCode = wrong.length > 0 ? 1 : 0
}
