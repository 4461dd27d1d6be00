import type { Run } from '../store/store.js'

/** How a run stands, in a word: one that was interrupted or killed is stopped, and can be resumed. */
export function stateOf({ status }: Pick<Run, 'status'>): string {
  return status === 'interrupted' ? 'stopped' : status
}

const UNITS = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3]
] as const

/** A number of bytes in three digits. */
export function bytesInWords(bytes: number): string {
  const [unit, size] = UNITS.find(([, least]) => bytes >= least) ?? ['bytes', 1]
  return `${Number((bytes / size).toPrecision(3))} ${unit}`
}

const TIMES = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1]
] as const

/** How long ago a time was, in its largest unit. `time`: ISO 8601. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (now - Date.parse(time)) / 1000
  if (!Number.isFinite(seconds)) return 'unknown'
  const [unit, size] = TIMES.find(([, least]) => seconds >= least) ?? ['s', 1]
  return `${Math.max(0, Math.floor(seconds / size))} ${unit} ago`
}

/** A time that work will take, in its largest units. */
export function secondsInWords(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
