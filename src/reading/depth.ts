import { DEPTH_MAX, isMapping } from './plain.js'

/** What is wrong with data that has more levels than a spec may. */
export const TOO_DEEP = `expected at most ${DEPTH_MAX} levels within each other, found more`

/** Whether data is nested no deeper than `copy` takes it. */
export function isShallow(value: unknown, depth = 0): boolean {
  if (depth > DEPTH_MAX) return false
  const parts = Array.isArray(value) || isMapping(value) ? Object.values(value) : []
  return parts.every(part => isShallow(part, depth + 1))
}
