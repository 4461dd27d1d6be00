import { EpdError } from '../../errors.js'
import { html, type Content, type Html } from '../../html/html.js'
import { commonSeeds } from '../../pipeline/comparison.js'
import { picturesOf, sampledIn, type Sampled } from '../../pipeline/sampled.js'
import { formatSeeds, Seeds } from '../../reading/seeds.js'
import type { Store } from '../../store/store.js'
import { grouped } from '../../words.js'
import { problem, section } from '../layout.js'
import { ofRun } from '../links.js'
import type { Page, PageRequest } from '../page.js'
import { ofOneRun } from '../parts.js'
import { seedsOf } from '../seeds.js'
import { stageFrom } from './events.js'

/** Stages whose images a page shows. */
const MANY = 24

/** The images of a run: the same seeds by each of its sample stages. */
export const images: Page = {
  path: '/runs/:run/images',
  respond(request) {
    const { part, query, store } = request
    const { id, name } = store().run(part('run'))
    const page = (content: Content, status = 200) =>
      ofOneRun(id, 'images', { title: `Images of ${name}`, content }, status)
    try {
      return page(content(request, id))
    } catch (error) {
      if (!(error instanceof EpdError && error.code === 'usage')) throw error
      return page(html`${form(query.get('seeds') ?? '')}${problem(error.message)}`, 400)
    }
  }
}

function content({ query, store }: PageRequest, id: string): Html {
  const held = sampledIn(store(), id).filter(({ places }) => places.size > 0)
  if (held.length === 0) return html`<p>The store has no images of this run yet.</p>`
  const from = stageFrom(query)
  const rows = held.slice(from, from + MANY)
  const seeds = seedsOf(query) ?? commonSeeds(rows.length > 0 ? rows : held)
  const text = formatSeeds(Seeds.of(seeds))
  const to = (place: number) =>
    ofRun(
      id,
      ['images'],
      [
        ['seeds', query.get('seeds') ?? ''],
        ['from', place > 0 ? String(place) : '']
      ]
    )
  const sheet = ofRun(id, ['comparison.png'], [['seeds', text], ...rows.map(({ name }) => ['stage', name] as const)])
  return html`${form(text)}
    <p>Each row has the seeds ${text}, from left to right.</p>
    ${strips(store(), id, rows, seeds, text)}
    ${held.length > MANY && html`<p>Stages ${grouped(from + 1)} to ${grouped(from + rows.length)} of ${grouped(held.length)}.</p>`}
    ${from > 0 && html`<p><a href="${to(Math.max(from - MANY, 0))}">Earlier stages</a></p>`}
    ${from + MANY < held.length && html`<p><a href="${to(from + MANY)}">Later stages</a></p>`}
    ${
      rows.length > 1 &&
      section(
        'differences',
        'With their differences',
        html`<div class="scroll" tabindex="0" role="group" aria-label="The picture of all rows">
          <img
            class="sheet"
            loading="lazy"
            src="${sheet}"
            alt="The rows above as one picture, with their differences to the reference"
          />
        </div>`
      )
    }`
}

function form(seeds: string): Html {
  return html`<form class="fields" method="get" aria-label="Images">
    <label>
      Seeds
      <input
        class="wide"
        name="seeds"
        value="${seeds}"
        placeholder="0-7 or 1,2,5"
        inputmode="text"
        spellcheck="false"
      />
    </label>
    <button class="main">Show</button>
  </form>`
}

/** Small images are enlarged until a side has about as many pixels of the page. */
const VISIBLE = 64

function strips(store: Store, id: string, rows: readonly Sampled[], seeds: readonly number[], text: string): Html {
  const size = sizeOf(store, rows, seeds)
  const strip = ({ name, places }: Sampled) => {
    const own = seeds.filter(seed => places.has(seed))
    if (own.length === 0) return html`<p class="soft">It has none of these seeds.</p>`
    const from = ofRun(
      id,
      ['strip.png'],
      [
        ['stage', name],
        ['seeds', text]
      ]
    )
    return html`<div class="scroll" tabindex="0" role="group" aria-label="${name}">
      <img class="strip" loading="lazy" src="${from}" ${size} alt="${name}: seeds ${text}" />
    </div>`
  }
  return html`<ul class="strips">
    ${rows.map(
      row =>
        html`<li><span class="name">${row.name}</span> <span class="value">${aboutOf(row)}</span>${strip(row)}</li> `
    )}
  </ul>`
}

function aboutOf({ stage, places }: Sampled): string {
  const nfe = stage?.nfe === null || stage?.nfe === undefined ? '' : `${stage.nfe} NFE, `
  return `${nfe}${grouped(places.size)} images`
}

/** How large strips are shown, as the first image that is there says, so that the page keeps its place. */
function sizeOf(store: Store, rows: readonly Sampled[], seeds: readonly number[]): Content {
  const row = rows.find(({ places }) => seeds.some(seed => places.has(seed)))
  const seed = seeds.find(one => row?.places.has(one))
  const [first] = row && seed !== undefined ? picturesOf(store, row, [seed]) : []
  if (!first) return undefined
  const zoom = Math.max(1, Math.floor(VISIBLE / Math.max(first.width, first.height)))
  return html`width="${first.width * zoom * seeds.length}" height="${first.height * zoom}"`
}
