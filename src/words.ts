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

/** Seconds that work took, to a tenth up to a minute. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = String(Math.floor(seconds) % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest} h` : `${minutes}:${rest} min`
}

/** An estimate of the time left, which has no more digits than it deserves. */
export function timeLeft(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(Math.round(seconds), 1)} s left`
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return `${minutes} min left`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`
}

/**
 * A whole number in groups of three digits, as toLocaleString('en') has it, which first loads the tables of languages.
 */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
