import { psnr } from '../metrics/psnr.js'
import type { Picture } from '../images/resize.js'
import { child } from '../reading/plain.js'
import type { Metric, RunStage, Store } from '../store/store.js'
import type { Sampled } from './sampled.js'

/** The PSNR of each row to the reference, in decibels, and what it is the mean of, in words. */
export interface Likeness {
  /** A value for each stage, by its name. */
  readonly values: ReadonlyMap<string, number>
  readonly over: string
}

/**
 * The sample stage that others are compared with: the first that a score of the run compares with, else the one of the
 * most NFE.
 */
export function referenceAmong(store: Store, stages: readonly RunStage[], all: readonly Sampled[]): Sampled {
  const against = scoresOf(store, stages).map(({ details }) => child(details, 'against'))
  const named = all.find(({ name }) => against.includes(name))
  if (named) return named
  const costs = all.map(({ stage }) => stage?.nfe ?? 0)
  return all[costs.indexOf(Math.max(...costs))]
}

function scoresOf(store: Store, stages: readonly RunStage[]): Metric[] {
  return stages.filter(({ stage }) => stage?.kind === 'score').flatMap(({ key }) => store.metrics(key))
}

/**
 * The PSNR of rows to a reference: as the run has scored it where it has scored all of them, else of the images that
 * are shown, so that the rows of a picture can always be compared.
 */
export function likeness(
  store: Store,
  stages: readonly RunStage[],
  rows: readonly { readonly sampled: Sampled; readonly pictures: readonly (Picture | undefined)[] }[],
  reference: Sampled
): Likeness {
  const truths = rows.find(({ sampled }) => sampled === reference)?.pictures ?? []
  const others = rows.filter(({ sampled }) => sampled !== reference)
  const scores = scoresOf(store, stages).filter(
    ({ name, details }) => name === 'psnr' && child(details, 'against') === reference.name
  )
  const scored = others.map(({ sampled }) => scores.find(({ samplesKey }) => samplesKey === sampled.key))
  const values = new Map<string, number>()
  if (scored.length > 0 && scored.every(score => score !== undefined)) {
    others.forEach(({ sampled }, i) => values.set(sampled.name, scored[i].value))
    return { values, over: seedsIn(scored.map(({ count }) => count)) }
  }
  for (const { sampled, pictures } of others) {
    const found = pictures.flatMap((picture, i) => {
      const truth = truths[i]
      return picture && truth ? [psnr(inRange(picture), inRange(truth))] : []
    })
    if (found.length > 0) values.set(sampled.name, found.reduce((sum, value) => sum + value, 0) / found.length)
  }
  return { values, over: 'the seeds that are shown' }
}

function seedsIn(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const range = least === most ? String(least) : `${least} to ${most}`
  return `the ${range} seeds that the run has scored`
}

/** Bytes as images in [-1, 1]. */
function inRange({ data }: Picture): Float64Array {
  return Float64Array.from(data, byte => byte / 127.5 - 1)
}
