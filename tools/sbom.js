// Writes sbom.cdx.json, the list of all packages that an installation of epd-run brings, with licences and digests, as
// CycloneDX (ECMA-424): when the package is packed. npm makes the list from package-lock.json. Packages for development are
// taken out here, since npm's `--omit dev` also takes out what both they and epd-run use. What would differ from one
// packing to the next (time, random number, the folder's name) is left out, so that the same commit gives the same bytes.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/**
 * @typedef {{ 'bom-ref': string, properties: { name: string }[] }} Component
 * @typedef {{ serialNumber?: string, metadata: { timestamp?: string, component: { name: string } },
 * components: Component[], dependencies: { ref: string, dependsOn: string[] }[] }} Bom
 */

const root = new URL('..', import.meta.url)
const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
/** @type {unknown} */
const bom = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }))
if (!isBom(bom)) throw new Error('npm sbom has written no CycloneDX')
writeFileSync(new URL('sbom.cdx.json', root), `${JSON.stringify(forUse(bom), null, 2)}\n`)

/** @param {Bom} bom */
function forUse(bom) {
  const { metadata, components, dependencies } = bom
  const left = new Set(components.filter(isForDevelopment).map(one => one['bom-ref']))
  return {
    ...bom,
    serialNumber: undefined,
    metadata: { ...metadata, timestamp: undefined, component: { ...metadata.component, name: 'epd-run' } },
    components: components.filter(one => !isForDevelopment(one)),
    dependencies: dependencies
      .filter(({ ref }) => !left.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(other => !left.has(other)) }))
  }
}

/** @param {Component} component */
function isForDevelopment({ properties }) {
  return properties.some(({ name }) => name === 'cdx:npm:package:development')
}

/**
 * @param {unknown} value
 * @returns {value is Bom}
 */
function isBom(value) {
  return typeof value === 'object' && value !== null && 'bomFormat' in value && 'components' in value
}
