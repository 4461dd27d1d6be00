import { readFileSync } from 'node:fs'

/** The version of this package, as its package.json says it. */
export function packageVersion(): string {
  return versionIn(new URL('../../package.json', import.meta.url))
}

/** The version in a package.json. */
export function versionIn(file: string | URL): string {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return known ? String(manifest.version) : 'unknown'
}
