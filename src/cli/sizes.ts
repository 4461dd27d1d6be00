const UNITS = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB']
] as const

/** Bytes in the unit in which they have at most three digits before the point: 1,234,567 are 1.2 MB. */
export function inBytes(bytes: number): string {
  const [unit, name] = UNITS.find(([least]) => bytes >= least) ?? [1, 'bytes']
  return unit === 1 ? `${bytes} ${name}` : `${(bytes / unit).toFixed(1)} ${name}`
}
