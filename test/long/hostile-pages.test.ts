import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ofRun } from '../../src/serve/links.js'
import { serve, type StoreServer } from '../../src/serve/serve.js'
import { openStore } from '../../src/store/store.js'
import { hostileStore } from '../report/hostile-store.js'
import { temporaryFolder } from '../support/cli.js'
import { HOSTILE_PAGES } from '../support/hostile-pages.js'

const ELEMENTS =
  '!doctype a b body button caption code details div footer form h1 h2 head header html img input label li link main meta nav noscript option p pre progress script section select span style summary table tbody td th thead time title tr u ul'.split(
    ' '
  )
const ATTRIBUTES =
  'action alt aria-current aria-label aria-labelledby aria-sort autocomplete charset checked class content data-part datetime formaction height hidden href html http-equiv id inputmode lang loading method name placeholder rel role scope selected spellcheck src tabindex title type value width'.split(
    ' '
  )

let server: StoreServer
let id: string

beforeAll(async () => {
  const dir = temporaryFolder()
  id = hostileStore(dir)
  const store = openStore(dir)
  ;({ id } = store.runs()[0])
  store.close()
  server = await serve(dir, { port: 0 })
})
afterAll(async () => {
  await server.close()
})

/**
 * The tags of a page with the names of their attributes, as a browser would find them, without its own script and
 * style.
 */
function tags(page: string): { name: string; attributes: string[] }[] {
  const body = page.replace(/<(script|style)>[^]*?<\/\1>/g, '<$1></$1>')
  return [...body.matchAll(/<\/?([a-zA-Z!][^\s/>]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*\/?>/g)].map(
    ([, name, attributes]) => ({
      name: name.toLowerCase(),
      attributes: [...attributes.matchAll(/\s([^\s=]+)(?:=|\s|$)(?:"[^"]*")?/g)].map(([, key]) => key)
    })
  )
}

async function page(path: string): Promise<string> {
  const answer = await fetch(new URL(path, server.url))
  return answer.text()
}

function check(body: string): void {
  const found = tags(body)
  expect(found.map(({ name }) => name).filter(name => !ELEMENTS.includes(name))).toEqual([])
  expect(found.flatMap(({ attributes }) => attributes).filter(name => !ATTRIBUTES.includes(name))).toEqual([])
  expect(body.match(/<script/g)).toHaveLength(1)
  expect(body.match(/<style/g)).toHaveLength(1)
  expect(body).not.toMatch(/(?:href|src|action)="(?!\/(?!\/)|#|data:,")/)
  expect(body).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/)
}

describe('a hostile store', () => {
  it.each([
    ['the list', () => '/'],
    ['a run', () => ofRun(id)],
    ['its images', () => ofRun(id, ['images'])],
    ['its table by stages', () => ofRun(id, ['table'], [['rows', 'samples']])],
    ['a comparison of its samples', () => `/compare?run=${encodeURIComponent(id)}&run=${encodeURIComponent(`${id}/x`)}`]
  ])('is shown, not obeyed, on the page of %s', async (_, path) => {
    check(await page(path()))
  })

  it('has a page for its run, whatever its id holds', async () => {
    const answer = await fetch(new URL(ofRun(id), server.url))
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('&lt;script&gt;document.documentElement.dataset.pwned = 1&lt;/script&gt;')
  })

  it('has pictures whose addresses lead to them, or to the reason why there is none', async () => {
    const sources = [...(await page(ofRun(id, ['images']))).matchAll(/<img[^>]*src="([^"]*)"/g)].map(([, source]) =>
      source.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
    )
    const found = await Promise.all(sources.map(async source => (await fetch(new URL(source, server.url))).status))
    expect(found.slice(0, -1)).toEqual(found.slice(1).map(() => 200))
    // The picture of all rows has the names in it, which are longer than any picture is wide.
    expect(found.at(-1)).toBe(400)
  })

  it('sends news whose values neither end an event nor begin a tag', async () => {
    const body = await page(ofRun(id, ['events']))
    expect(body.split('\n').filter(line => !/^(?:event: (?:progress|said|stages|end)|data: .*|)$/.test(line))).toEqual(
      []
    )
    const names = tags(body).map(({ name }) => name)
    expect(names.filter(name => !ELEMENTS.includes(name))).toEqual([])
  })
})

describe('hostile values in an address', () => {
  it.each(HOSTILE_PAGES)('%j is a text wherever it comes back', async value => {
    const text = encodeURIComponent(Buffer.from(value).toString())
    const options = (['rows', 'cols', 'metric', 'over', 'where'] as const).map(name => [name, value] as const)
    for (const path of [
      `/?where=${text}&tag=${text}&sort=${text}&run=${text}&page=${text}`,
      ...[`/runs/${text}`, `/compare?run=${text}&run=${text}x`, `/compare?run=${text}`],
      ...[ofRun(id, ['table'], options)]
    ])
      check(await page(path))
  })
})
