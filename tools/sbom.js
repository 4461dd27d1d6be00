// Writes sbom.cdx.json, the list of all packages that an installation of epd-run brings, with licences and digests, as
// CycloneDX (ECMA-424): when the package is packed. npm makes the list from package-lock.json. What would differ from one
// packing to the next (time, random number, the folder's name) is left out, so that the same commit gives the same bytes.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/** @typedef {{ serialNumber?: string, metadata: { timestamp?: string, component: { name: string } } }} Bom */

const root = new URL('..', import.meta.url)
const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--omit', 'dev', '--omit', 'peer']
/** @type {unknown} */
const bom = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }))
if (!isBom(bom)) throw new Error('npm sbom has written no CycloneDX')
delete bom.serialNumber
delete bom.metadata.timestamp
bom.metadata.component.name = 'epd-run'
writeFileSync(new URL('sbom.cdx.json', root), `${JSON.stringify(bom, null, 2)}\n`)

/**
 * @param {unknown} value
 * @returns {value is Bom}
 */
function isBom(value) {
  return typeof value === 'object' && value !== null && 'bomFormat' in value && 'metadata' in value
}
