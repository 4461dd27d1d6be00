import { describe, expect, it } from 'vitest'
import { address, ofRun } from '../../src/serve/links.js'
import type { Page } from '../../src/serve/page.js'
import { PAGES } from '../../src/serve/registry.js'
import { pageAt } from '../../src/serve/route.js'
import { HOSTILE_VALUES } from '../support/hostile-values.js'

const page = (path: string): Page => ({ path, respond: () => ({ status: 200, type: 'text/plain', body: path }) })
const pages = [page('/'), page('/runs/:run'), page('/runs/:run/table')]

describe('a path', () => {
  it.each([
    ['/', '/', {}],
    ['/runs/a', '/runs/:run', { run: 'a' }],
    ['/runs/a%2Fb%20c/table', '/runs/:run/table', { run: 'a/b c' }],
    ['/runs/../table', '/runs/:run/table', { run: '..' }]
  ])('%s is that of the page %s', (path, own, parts) => {
    const found = pageAt(pages, path)
    expect(found?.page.path).toBe(own)
    expect(Object.fromEntries(found?.parts ?? [])).toEqual(parts)
  })

  it.each(['', '/runs', '/runs/a/b', '/runs/a/table/', '//', '/RUNS/a', '/../../etc/passwd'])(
    '%j is that of none',
    path => {
      expect(pageAt(pages, path)).toBeUndefined()
    }
  )

  it('that is no UTF-8 is refused', () => {
    expect(() => pageAt(pages, '/runs/%ff')).toThrow(URIError)
  })

  it.each(Object.entries(HOSTILE_VALUES))('of a run whose id is %s leads to that run', (_, id) => {
    const { pathname } = new URL(ofRun(id, ['table']), 'http://127.0.0.1')
    expect(pageAt(pages, pathname)?.parts.get('run')).toBe(Buffer.from(id).toString())
  })
})

describe('an address', () => {
  it('holds any text behind its question mark, and leaves out what is empty', () => {
    const made = address(
      ['compare'],
      [
        ['run', 'a&b=c#d'],
        ['where', ''],
        ['run', '\ud800 ü']
      ]
    )
    const { searchParams, hash } = new URL(made, 'http://127.0.0.1')
    expect([searchParams.getAll('run'), searchParams.has('where'), hash]).toEqual([['a&b=c#d', '\ufffd ü'], false, ''])
  })
})

describe('the pages', () => {
  it('are each at a path of its own', () => {
    const paths = PAGES.map(({ path }) => path.replaceAll(/:\w+/g, ':'))
    expect(new Set(paths).size).toBe(paths.length)
  })
})
