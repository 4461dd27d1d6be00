/** Places of images: from `from` up to, but not, `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

export interface Fid {
  /** Of all images; of several groups, their mean. */
  readonly value: number
  readonly groups?: { readonly values: readonly number[]; readonly minimum: number; readonly spread: number }
  /**
   * By how much the value is too large for resting on so few images: the distance of estimated moments has a bias that falls with
   * their number (Chong & Forsyth 2020, arXiv 1911.07023), so that halves differ from the whole by as much again.
   */
  readonly bias?: number
}

/** Of which each half has a covariance. */
const LEAST = 4
/** From so many images on a bias is not worth an estimate. */
const ENOUGH = 10_000

/** The Frechet inception distance of `count` images, in so many groups of consecutive ones. `measure`: of a range of them. */
export async function fidOf(count: number, groups: number, measure: (range: Range) => Promise<number>): Promise<Fid> {
  const ranges = split({ from: 0, to: count }, groups)
  const values = await inTurn(ranges, measure)
  const value = mean(values)
  const [{ from, to }] = ranges
  const few = to - from >= LEAST && to - from < ENOUGH
  const bias = few ? mean(await inTurn(split(ranges[0], 2), measure)) - values[0] : undefined
  if (groups === 1) return { value, bias }
  const minimum = Math.min(...values)
  return { value, groups: { values, minimum, spread: Math.max(...values) - minimum }, bias }
}

/** Equal parts, as nearly as whole numbers go. */
function split({ from, to }: Range, parts: number): Range[] {
  const edge = (part: number) => from + Math.floor(((to - from) * part) / parts)
  return Array.from({ length: parts }, (_, part) => ({ from: edge(part), to: edge(part + 1) }))
}

async function inTurn(ranges: readonly Range[], measure: (range: Range) => Promise<number>): Promise<number[]> {
  const values: number[] = []
  for (const range of ranges) values.push(await measure(range))
  return values
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
