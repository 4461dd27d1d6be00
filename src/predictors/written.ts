import { isMapping } from '../reading/plain.js'

/** What JSON says for an infinite noise level, for which it has no number. */
export const INFINITE = 'Infinity'

/** A record as JSON can hold it: an infinite noise level, at which a flow begins, is the text "Infinity". */
export function writtenRecord<Of extends { readonly learned: unknown }>(
  record: Of
): Omit<Of, 'learned'> & { readonly learned: unknown } {
  return { ...record, learned: written(record.learned) }
}

/** Plain data as JSON can hold it. */
export function written(value: unknown): unknown {
  return mapped(value, leaf => (leaf === Infinity ? INFINITE : leaf))
}

/**
 * What was learned, from how it is written: "Infinity" is a number, and so is -0, which JSON does not tell from 0.
 * Other texts stay.
 */
export function readLearned(written: unknown): unknown {
  return mapped(written, value => (value === INFINITE ? Infinity : value === 0 ? 0 : value))
}

function mapped(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(item => mapped(item, change))
  if (!isMapping(value)) return change(value)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, change)]))
}
