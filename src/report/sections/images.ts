import { html, type Content, type Html } from '../../html/html.js'
import type { Raster } from '../../images/raster.js'
import { imagesKeyOf } from '../../pipeline/sampled.js'
import { referenceOf, type ReportData, type ReportRun } from '../data.js'
import { dataUri, errorScale, errorStrip, readPictures, strip, type Pictures } from '../pictures.js'
import type { Section } from '../section.js'
import { mainStandings, ranking, withSpread } from '../standings.js'

/** The same seeds by the reference and by several samplers, with maps of their errors. */
export const images: Section = {
  id: 'images',
  title: 'The same seeds',
  render(data) {
    const rows = chosenRows(data)
    const [first] = rows
    if (rows.length === 0) return undefined
    const grid = gridOf(data, first, rows)
    return grid && html`${overlay(grid)}${gridTable(grid)}`
  }
}

interface Row {
  readonly run: ReportRun
  readonly name: string
  readonly score: string
  readonly samples: string
  readonly reference?: string
}

/** The samplers that are shown: the best and the last at each NFE, and those next to the best while there is room. */
const MOST_ROWS = 8

function chosenRows(data: ReportData): Row[] {
  const standings = mainStandings(data)
  if (!standings) return []
  const { metric, nfes } = standings
  const several = nfes.length > 1
  const ranks = nfes.map(nfe =>
    ranking(standings, nfe).map(entry => ({
      run: entry.run,
      name: several ? `${entry.name}, ${nfe} NFE` : entry.name,
      score: `${metric.name} ${withSpread(entry, metric)}`,
      samples: entry.results[0].samples,
      reference: referenceOf(entry.run, entry.results[0].score)
    }))
  )
  const longest = Math.max(...ranks.map(({ length }) => length))
  const inTurn = Array.from({ length: longest }, (_, place) => ranks.flatMap(rows => rows[place] ?? [])).flat()
  const first = ranks.flatMap(rows => (rows.length > 1 && several ? [rows[0], rows[rows.length - 1]] : rows))
  const chosen = new Set([...first.slice(0, MOST_ROWS), ...inTurn].slice(0, MOST_ROWS))
  return ranks.flat().filter(row => chosen.has(row))
}

interface Shown {
  readonly name: string
  readonly score?: string
  readonly image: Raster
  readonly errors?: Raster
}

interface Grid {
  readonly seeds: readonly number[]
  readonly size: Pictures
  readonly scale?: number
  readonly rows: readonly Shown[]
}

/** Pixels that all images of a report may have together, so that the page stays small. */
const MOST_PIXELS = 1.2e6
const MOST_SEEDS = 12

function gridOf({ store }: ReportData, first: Row, rows: readonly Row[]): Grid | undefined {
  const truthKey = first.reference === undefined ? undefined : imagesKeyOf(first.run.stages, first.reference)
  const keyed = rows.flatMap(row => {
    const key = imagesKeyOf(row.run.stages, row.samples)
    return key === undefined ? [] : [{ ...row, key }]
  })
  const all = [...(truthKey === undefined ? [] : [truthKey]), ...keyed.map(({ key }) => key)]
  const common = seedsInCommon(all.map(key => store.shards(key).flatMap(({ seeds }) => seeds)))
  const probe = all.length === 0 ? undefined : readPictures(store, all[0], common.slice(0, 1))
  if (!probe || (probe.channels !== 1 && probe.channels !== 3)) return undefined
  const most = Math.floor(MOST_PIXELS / (probe.width * probe.height * (2 * all.length + 3)))
  const seeds = common.slice(0, Math.min(Math.max(most, 1), MOST_SEEDS))
  const read = (key: string) => readPictures(store, key, seeds)
  const truth = truthKey === undefined ? undefined : read(truthKey)
  const found = keyed.flatMap(row => {
    const pictures = read(row.key)
    const isOfSize = pictures?.width === probe.width && pictures.height === probe.height
    return pictures && isOfSize && pictures.channels === probe.channels ? [{ ...row, pictures }] : []
  })
  const scale =
    truth &&
    errorScale(
      found.map(({ pictures }) => pictures),
      truth,
      seeds
    )
  const reference = truth
    ? [
        {
          name: first.reference ?? '',
          score: 'the reference, which the others are compared with',
          image: strip(truth, seeds)
        }
      ]
    : []
  const samples = found.map(({ name, score, pictures }) => ({
    ...{ name, score, image: strip(pictures, seeds) },
    ...(truth && scale !== undefined && { errors: errorStrip(pictures, truth, seeds, scale) })
  }))
  return { seeds, size: probe, scale, rows: [...reference, ...samples] }
}

function seedsInCommon(lists: readonly (readonly number[])[]): number[] {
  const [first, ...rest] = lists
  const others = rest.map(list => new Set(list))
  return first.filter(seed => others.every(list => list.has(seed)))
}

/** Small images are enlarged until a side has about as many CSS pixels. */
const VISIBLE = 64

function picture({ image }: Pick<Shown, 'image'>, { size }: Grid, alt: string, extra: Content = ''): Html {
  const zoom = Math.max(1, Math.floor(VISIBLE / Math.max(size.width, size.height)))
  const [width, height] = [image.width * zoom, image.height * zoom]
  return html`<img class="pixels" src="${dataUri(image)}" width="${width}" height="${height}" alt="${alt}" ${extra} />`
}

function gridTable(grid: Grid): Html {
  const { seeds, rows, scale } = grid
  const said = `seeds ${seeds.join(', ')}`
  return html`<p>
      Each row has the seeds ${seeds.join(', ')}, from left to
      right.${
        scale === undefined
          ? ''
          : ` Below the images stands the error of each pixel against the reference: black is 0, and the brightest is ${Math.round(scale)} of 255 levels or more, in all rows.`
      }
    </p>
    <ul class="strips">
      ${rows.map(
        row =>
          html`<li>
            <span class="name">${row.name}</span> <span class="value">${row.score}</span>
            <div class="scroll" tabindex="0" role="group" aria-label="${row.name}">
              ${picture(row, grid, `${row.name}: ${said}`)}${
                row.errors && picture({ image: row.errors }, grid, `errors of ${row.name}: ${said}`)
              }
            </div>
          </li> `
      )}
    </ul>`
}

/** Two rows on top of each other: the corner can be pulled, and a script makes a slider of it. */
function overlay(grid: Grid): Html | undefined {
  const [under, over] = grid.rows
  if (grid.rows.length < 2) return undefined
  return html`<figure class="overlay" data-overlay>
    <figcaption>${over.name} over ${under.name}: pull the corner to uncover what is below.</figcaption>
    <div class="scroll" tabindex="0" role="group" aria-label="${over.name} over ${under.name}">
      <div class="stack">
        ${picture(under, grid, under.name)}
        <div class="curtain">${picture(over, grid, over.name)}</div>
      </div>
    </div>
  </figure>`
}
