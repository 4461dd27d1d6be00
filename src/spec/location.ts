import { dirname, resolve } from 'node:path'

/** Whether a file is named by an address, not by a path. */
export function isAddress(location: string): boolean {
  return location.startsWith('https://')
}

/** An address as it is, a path from the spec's folder. */
export function located(location: string, spec: string): string {
  return isAddress(location) ? location : resolve(dirname(spec), location)
}
