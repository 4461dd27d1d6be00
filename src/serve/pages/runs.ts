import { EpdError } from '../../errors.js'
import { html, type Content, type Html } from '../../html/html.js'
import { conditionsOf } from '../../store/conditions.js'
import { chosenRuns, COUNTED } from '../../store/run-properties.js'
import type { Run, RunOverview, Store } from '../../store/store.js'
import { bytesInWords, grouped } from '../../words.js'
import { problem, shown } from '../layout.js'
import { address, ofRun } from '../links.js'
import { listingOf, type Listing } from '../listing.js'
import type { Page } from '../page.js'
import { choice, hidden, since, state, tagList } from '../parts.js'

/** Runs on a page. */
const MANY = 50

/** What is asked of the list. */
interface Asked {
  /** Conditions, or words that a run is found by. */
  readonly where: string
  readonly tag: string
  readonly sort: string
  /** From 1. */
  readonly page: number
  /** The runs that are chosen, also those on other pages. */
  readonly chosen: ReadonlySet<string>
}

/** The runs of the store. */
export const runs: Page = {
  path: '/',
  respond({ query, store, storeName }) {
    const asked: Asked = {
      where: query.get('where')?.trim() ?? '',
      tag: query.get('tag') ?? '',
      sort: query.get('sort') ?? '',
      page: Math.max(1, Math.floor(Number(query.get('page') ?? 1)) || 1),
      chosen: new Set(query.getAll('run'))
    }
    const listing = listingOf(store())
    const all = listing.runs
    const title = `Runs in ${storeName}`
    try {
      const found = foundRuns(listing, asked)
      return shown({ title, content: html`${filters(all, asked)}${list(store(), all, found, asked)}` })
    } catch (error) {
      if (!(error instanceof EpdError && error.code === 'usage')) throw error
      return shown({ title, content: html`${filters(all, asked)}${problem(error.message)}` }, 400)
    }
  }
}

/** What is counted of a run is read only where runs are chosen by it. */
function foundRuns({ runs: all, overviews }: Listing, { where, tag, sort }: Asked): readonly RunOverview[] {
  const tagged = tag === '' ? all : all.filter(run => run.tags.includes(tag))
  const conditions = isConditions(where) ? [where] : []
  const named = conditions.length > 0 || where === '' ? tagged : tagged.filter(run => has(run, where))
  const by = [...conditionsOf(conditions).map(({ property }) => property), sort.replace(/^-/, '')]
  const isNamed = new Set(named)
  const counted = by.some(name => COUNTED.has(name))
    ? overviews().filter(({ run }) => isNamed.has(run))
    : named.map(run => ({ run, stages: 0, finished: 0, bytes: 0 }))
  return chosenRuns(counted, conditions, sort === '' ? undefined : sort)
}

function isConditions(text: string): boolean {
  return /[=<>~]/.test(text)
}

/** Whether all words are somewhere in what is said of a run. */
function has({ id, name, description, note, tags, overrides }: Run, words: string): boolean {
  const text = [id, name, description, note, ...tags, ...overrides].join(' ').toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}

const ORDERS = [
  ['', 'last changed'],
  ['-created', 'newest'],
  ['name', 'name'],
  ['state', 'state'],
  ['-size', 'largest'],
  ['-stages', 'most stages']
] as const

function filters(all: readonly Run[], { where, tag, sort, chosen }: Asked): Html {
  const tags = [...new Set(all.flatMap(run => run.tags))].sort()
  const known = tag === '' || tags.includes(tag) ? tags : [...tags, tag]
  const orders = ORDERS.some(([name]) => name === sort) ? ORDERS : [...ORDERS, [sort, sort] as const]
  return html`<form class="fields" method="get" action="/" role="search" aria-label="Runs">
    <label>
      Words, or conditions
      <input
        class="wide"
        name="where"
        value="${where}"
        placeholder="state=finished and size&gt;1e6"
        autocomplete="off"
        spellcheck="false"
      />
    </label>
    ${known.length > 0 && choice('Tag', 'tag', tag, [['', 'any'], ...known.map(name => [name, name] as const)])}
    ${choice('Order', 'sort', sort, orders)} ${hidden([...chosen].map(id => ['run', id]))}
    <button class="main">Find</button>
  </form>`
}

function list(store: Store, all: readonly Run[], found: readonly RunOverview[], asked: Asked): Content {
  const { where, tag, sort, chosen } = asked
  const pages = Math.max(1, Math.ceil(found.length / MANY))
  const page = Math.min(asked.page, pages)
  const here = store.overviews(found.slice((page - 1) * MANY, page * MANY).map(({ run }) => run))
  const elsewhere = [...chosen].filter(id => here.every(({ run }) => run.id !== id) && all.some(run => run.id === id))
  if (all.length === 0) return html`<p>The store has no run yet. Run a spec in it first; the page then shows it.</p>`
  if (found.length === 0) return html`<p>None of ${grouped(all.length)} runs is like that.</p>`
  const first = (page - 1) * MANY + 1
  const of = `of ${grouped(found.length)}${found.length < all.length ? ` that were found among ${grouped(all.length)}` : ''}`
  return html`<form method="get" action="/compare">
    ${hidden([
      ['where', where],
      ['tag', tag],
      ['sort', sort]
    ])}
    <table class="list">
      <caption>
        Runs ${grouped(first)} to ${grouped(first + here.length - 1)} ${of}. Choose some to compare them.
      </caption>
      <thead>
        <tr>
          <th scope="col" class="pick"><span class="unseen">Choose</span></th>
          ${heading('Run', 'name', asked)}${heading('State', 'state', asked)}${heading('Stages', 'stages', asked, 'more')}
          ${heading('Size', 'size', asked, 'more')}${heading('Changed', 'age', asked)}
        </tr>
      </thead>
      <tbody>
        ${here.map(overview => row(overview, chosen))}
      </tbody>
    </table>
    ${elsewhere.length > 0 && html`<p>Also chosen: ${elsewhere.map(id => html`<label>${box(id, true)} ${id}</label> `)}</p>`}
    <div class="bar-of">
      <button class="main">Compare the chosen</button>
      <button formaction="/report">Report of the chosen</button>
      ${pages > 1 && turning(page, pages)}
    </div>
  </form>`
}

/** A title of a column, which orders by it, and the other way round once it is chosen. */
function heading(title: string, property: string, { where, tag, sort, chosen }: Asked, more = ''): Html {
  const to = sort === property ? `-${property}` : property
  const order = sort === property ? 'ascending' : sort === `-${property}` ? 'descending' : 'none'
  const sign = { ascending: ' ↑', descending: ' ↓', none: '' }[order]
  const query = [['where', where], ['tag', tag], ['sort', to], ...[...chosen].map(id => ['run', id] as const)] as const
  return html`<th scope="col" class="short ${more}" aria-sort="${order}">
    <a href="${address([''], query)}">${title}${sign}</a>
  </th>`
}

function row({ run, stages, finished, bytes }: RunOverview, chosen: ReadonlySet<string>): Html {
  const { id, description, note, overrides, tags, updated } = run
  const about = [description, overrides.length === 0 ? '' : `with ${overrides.join(' ')}`, note].filter(Boolean)
  return html`<tr>
    <td class="pick">${box(id, chosen.has(id))}</td>
    <th scope="row">
      <a href="${ofRun(id)}">${id}</a> ${tagList(tags)}${about.map(text => html`<span class="about">${text}</span>`)}
    </th>
    <td class="short">${state(run)}</td>
    <td class="short more">${finished}/${stages}</td>
    <td class="short more">${bytesInWords(bytes)}</td>
    <td class="short">${since(updated)}</td>
  </tr> `
}

function box(id: string, isChosen: boolean): Html {
  return isChosen
    ? html`<input type="checkbox" name="run" value="${id}" aria-label="Choose ${id}" checked />`
    : html`<input type="checkbox" name="run" value="${id}" aria-label="Choose ${id}" />`
}

/** Buttons that turn to another page and keep what is chosen. */
function turning(page: number, pages: number): Html {
  const button = (title: string, to: number) =>
    to >= 1 && to <= pages && to !== page && html`<button formaction="/" name="page" value="${to}">${title}</button>`
  return html`${button('First', 1)}${button('Previous', page - 1)}<span>Page ${page} of ${pages}</span>${button(
      'Next',
      page + 1
    )}${button('Last', pages)}`
}
