/** Seconds in words, as `1:25 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const minutes = Math.floor(Math.round(seconds) / 60)
  const two = (value: number) => String(value).padStart(2, '0')
  if (minutes < 60) return `${minutes}:${two(Math.round(seconds) % 60)} min`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)} h`
}

/** A time of the store as people read it, in UTC, to the minute. */
export function moment(time: string | null): string {
  return time === null ? '' : `${time.slice(0, 16).replace('T', ' ')} UTC`
}

/** Milliseconds of a time of the store; undefined where it is none. */
export function milliseconds(time: string | null | undefined): number | undefined {
  const found = Date.parse(time ?? '')
  return Number.isNaN(found) ? undefined : found
}
