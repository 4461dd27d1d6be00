import { EpdError } from '../errors.js'
import { firstNames } from '../first-names.js'
import { fittedSize, shownChannels } from '../images/fitted.js'
import type { Raster } from '../images/raster.js'
import type { Picture } from '../images/resize.js'
import { drawSheet, type SheetRow } from '../images/sheet.js'
import { nearest, quote } from '../reading/problem.js'
import { child } from '../reading/plain.js'
import { formatSeeds, Seeds } from '../reading/seeds.js'
import type { Store } from '../store/store.js'
import { SIMPLEST_BASE } from '../solvers/methods.js'
import { likeness, referenceAmong, type Likeness } from './compared-scores.js'
import { picturesOf, sampledIn, type Sampled } from './sampled.js'

/** What of a run's images is put beside each other. */
export interface ComparisonOptions {
  /** The sample stages, in this order; default: all of them in theirs, as many as a picture has room for. */
  readonly stages?: readonly string[]
  /** The seeds, in this order; default: the first that all of the stages have. */
  readonly seeds?: Iterable<number>
  /** Whether each row's differences to the reference, and its PSNR, are shown; default: true. */
  readonly errors?: boolean
  /**
   * The sample stage that the others are compared with, which is the first row; default: the one that the run's scores
   * compare with, else the one of the most NFE.
   */
  readonly reference?: string
}

/** Images of several sample stages beside each other. */
export interface ImageComparison {
  /** The picture, in colour. */
  readonly picture: Raster
  /** Its rows from the top. */
  readonly stages: readonly string[]
  /** Its columns. */
  readonly seeds: readonly number[]
  /** The stage that the others are compared with; absent where none are. */
  readonly reference?: string
  /** The stages that it has no room for. */
  readonly leftOut: readonly string[]
}

/** Rows and columns of a picture whose stages or seeds nobody has named. */
const [ROWS, COLUMNS, COLUMNS_OF_LARGE] = [24, 8, 4]
/** A side as it is shown from which on images are large. */
const LARGE = 160
/** Pixels of such a picture: 24 rows of small images, or 8 of large ones. */
const ROOM = 8_000_000
/** Pixels of any picture: more than viewers show, and 100 MB. */
const MOST = 32_000_000

/**
 * Draws what sample stages of a run have made of the same seeds: a row for each stage with its solver and NFE, a column
 * for each seed, and beside it the differences to the reference with their scale. Stages that are not finished are
 * drawn as far as the store has them. Images of other than 1 or 3 channels are shown by their first ones.
 * @param run its id, the beginning of its id, or an experiment's name, whose newest run is taken
 * @throws EpdError `not-found` for a run, stage or seed that the store does not hold, `usage` for more than a picture
 * holds, `store-corrupt` where a stored image is damaged
 */
export function compareImages(store: Store, run: string, options: ComparisonOptions = {}): ImageComparison {
  const { id } = store.run(run)
  const all = sampledIn(store, id)
  const held = all.filter(({ places }) => places.size > 0)
  if (held.length === 0) throw new EpdError('not-found', `run ${id}: the store has no images of it yet; run it first`)
  const reference = referenceOf(store, id, held, all, options)
  const chosen = options.stages?.map(name => stageNamed(name, all, id)) ?? held
  const ordered = reference ? [reference, ...chosen.filter(one => one !== reference)] : [...new Set(chosen)]
  const { seeds, size } = columnsOf(store, id, ordered, options.seeds)
  const width = seeds.length * size.width * (reference ? 2 : 1)
  const room = Math.max(2, Math.min(ROWS, Math.floor((options.seeds ? MOST : ROOM) / (width * size.height))))
  const rows = options.stages ? ordered : ordered.slice(0, room)
  if (rows.length * width * size.height > MOST)
    throw new EpdError(
      'usage',
      `${rows.length} stages of ${seeds.length} seeds at ${size.width}x${size.height} pixels are more than a picture holds; name fewer stages or fewer seeds`
    )
  const leftOut = ordered.slice(rows.length).map(({ name }) => name)
  return {
    picture: drawn(store, id, { rows, seeds, reference, leftOut }),
    stages: rows.map(({ name }) => name),
    seeds,
    ...(reference && { reference: reference.name }),
    leftOut
  }
}

function stageNamed(name: string, all: readonly Sampled[], run: string): Sampled {
  const found = all.find(one => one.name === name)
  const names = all.map(one => one.name)
  const near = nearest(name, names)
  const meant = near === undefined ? `; they are ${firstNames(names)}` : `; did you mean ${quote(near)}?`
  if (!found) throw new EpdError('not-found', `run ${run} has no sample stage ${quote(name)}${meant}`)
  if (found.places.size > 0) return found
  throw new EpdError('not-found', `run ${run}: the store has no images of stage ${quote(name)} yet; run it first`)
}

function referenceOf(
  store: Store,
  id: string,
  held: readonly Sampled[],
  all: readonly Sampled[],
  { errors = true, reference }: ComparisonOptions
): Sampled | undefined {
  if (reference !== undefined) return stageNamed(reference, all, id)
  return errors && held.length > 1 ? referenceAmong(store, store.runStages(id), held) : undefined
}

/** The seeds of the columns, and the size at which their images are shown. */
function columnsOf(store: Store, id: string, rows: readonly Sampled[], given: Iterable<number> | undefined) {
  const seeds = given ? heldSeeds([...given], rows, id) : commonSeeds(rows)
  const first = rows.flatMap(row => picturesOf(store, row, seeds.slice(0, 1))).find(picture => picture)
  const { height, width } = first ?? { height: 1, width: 1 }
  const size = fittedSize(height, width)
  const columns = Math.max(size.height, size.width) < LARGE ? COLUMNS : COLUMNS_OF_LARGE
  return { size, seeds: given ? seeds : seeds.slice(0, columns) }
}

function heldSeeds(seeds: readonly number[], rows: readonly Sampled[], id: string): readonly number[] {
  const absent = seeds.filter(seed => !rows.some(({ places }) => places.has(seed)))
  if (seeds.length === 0) throw new EpdError('usage', 'expected seeds such as 0-11, found none')
  if (absent.length === 0) return seeds
  const there = rows.map(({ name, places }) => `${name} ${shortSeeds(places)}`)
  throw new EpdError(
    'not-found',
    `run ${id} has no image of seed ${firstNames(absent.map(String), 5)} in these stages; they have ${firstNames(there, 5)}`
  )
}

/** Ranges told of a stage's seeds. */
const RANGES = 3

function shortSeeds(places: Sampled['places']): string {
  const ranges = formatSeeds(Seeds.of(places.keys())).split(',')
  return ranges.length > RANGES ? `${ranges.slice(0, RANGES).join(',')},...` : ranges.join(',')
}

/** The first seeds that all of some stages have, at most 8; where there is none, those of the first stage. */
export function commonSeeds(rows: readonly Sampled[]): number[] {
  const [first, ...others] = rows
  const own = [...first.places.keys()]
  const common = own.filter(seed => others.every(({ places }) => places.has(seed)))
  return (common.length > 0 ? common : own).slice(0, COLUMNS)
}

interface Chosen {
  readonly rows: readonly Sampled[]
  readonly seeds: readonly number[]
  readonly reference?: Sampled
  readonly leftOut: readonly string[]
}

function drawn(store: Store, id: string, { rows, seeds, reference, leftOut }: Chosen): Raster {
  const filled = rows.map(sampled => ({ sampled, pictures: picturesOf(store, sampled, seeds) }))
  const alike = reference && likeness(store, store.runStages(id), filled, reference)
  const sheetRows = filled.map(({ sampled, pictures }): SheetRow => {
    const value = alike?.values.get(sampled.name)
    return {
      name: sampled.name,
      about: aboutOf(sampled),
      result: value === undefined ? undefined : `PSNR ${decibels(value)}`,
      pictures
    }
  })
  return fitting({
    title: id,
    unit: seeds.length === 1 ? 'seed' : 'seeds',
    columns: seeds.map(String),
    rows: sheetRows,
    reference: sheetRows.find((_, i) => rows[i] === reference),
    notes: notesOf(
      filled.flatMap(({ pictures }) => pictures),
      reference?.name,
      alike,
      leftOut
    )
  })
}

/** @throws EpdError `usage` where names or many seeds make the picture larger than any is */
function fitting(sheet: Parameters<typeof drawSheet>[0]): Raster {
  try {
    return drawSheet(sheet)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('usage', `the picture cannot be drawn: ${error.message}`, { cause: error })
  }
}

function decibels(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)} dB` : 'infinite: the same images'
}

/** The solver of a stage with its cost, a line each. */
function aboutOf({ stage, places }: Sampled): string[] {
  const solver = child(stage?.params, 'solver')
  const [name, points, base] = ['name', 'points', 'base'].map(key => child(solver, key))
  const words = [
    ...(typeof name === 'string' ? [name] : []),
    ...(typeof points === 'number' && points > 1 ? [`K=${points}`] : []),
    ...(typeof base === 'string' && base !== SIMPLEST_BASE ? [`on ${base}`] : [])
  ]
  return [words.join(' '), ...costOf(stage, places.size)]
}

/** NFE, and the evaluations of one image where parallel ones make them more. */
function costOf(stage: Sampled['stage'], images: number): string[] {
  if (stage?.nfe === null || stage?.nfe === undefined) return []
  const each = stage.evaluations === null ? stage.nfe : Math.round(stage.evaluations / images)
  return [`${stage.nfe} NFE${each === stage.nfe ? '' : `, ${each} evaluations`}`]
}

function notesOf(
  pictures: readonly (Picture | undefined)[],
  reference: string | undefined,
  alike: Likeness | undefined,
  leftOut: readonly string[]
): string[] {
  const channels = shownChannels(pictures.find(picture => picture)?.channels ?? 3)
  const more = leftOut.length.toLocaleString('en')
  return [
    ...(reference === undefined
      ? []
      : [
          `A difference is the mean of |image - ${reference}| over the channels, of images in [-1, 1]; colours go by its square root.`
        ]),
    ...(alike && alike.values.size > 0 ? [`PSNR is to ${reference ?? ''}, the mean over ${alike.over}.`] : []),
    ...(channels === undefined ? [] : [`Shown: ${channels}.`]),
    ...(pictures.includes(undefined) ? ['A gray square is a seed that a stage has not sampled.'] : []),
    ...(leftOut.length === 0
      ? []
      : [
          `Left out for want of room: ${more} more stages, such as ${firstNames(leftOut, 3)}. "epd-run images" draws those that it is told.`
        ])
  ]
}
