import { createHash } from 'node:crypto'

/**
 * A Content-Security-Policy under which nothing is loaded or run but what `allowed` adds.
 * @param allowed sources by their directive: `img-src` and others
 */
export function contentPolicy(allowed: Readonly<Record<string, string>>): string {
  const directives = { 'default-src': "'none'", 'base-uri': "'none'", 'form-action': "'none'", ...allowed }
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ')
}

/** The source of exactly this script or style: all that stands between its tags, spaces included. */
export function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
