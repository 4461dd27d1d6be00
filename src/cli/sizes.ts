const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes in the unit in which they have at most three digits before the point: 1,234,567 are 1.2 MB. */
export function inBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1)
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${UNITS[power]}`
}
