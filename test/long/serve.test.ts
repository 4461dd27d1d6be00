import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ofRun } from '../../src/serve/links.js'
import { serve, type StoreServer } from '../../src/serve/serve.js'
import { openStore } from '../../src/store/store.js'
import { hostileStore } from '../report/hostile-store.js'
import type { Tab } from '../support/browser.js'
import { main, temporaryFolder } from '../support/cli.js'
import { longSpec } from '../support/long-spec.js'
import { servedStore } from '../support/served.js'
import { smallRun } from '../support/small-run.js'

const { whole } = smallRun()
const RUN = 'small'

let tab: Tab
let server: StoreServer
servedStore(whole, (...opened) => {
  ;[tab, server] = opened
})

const pages = (id: string) => [
  ...['/', ofRun(id), ofRun(id, ['images']), ofRun(id, ['table'])],
  `/compare?run=${encodeURIComponent(`${id}/samples`)}&run=${encodeURIComponent(`${id}/euler`)}`
]

/** What is wider than the page, smaller than a finger or the eye, or without a name. */
const LAYOUT = `({
  isTooWide: document.documentElement.scrollWidth > innerWidth,
  tiny: [...document.querySelectorAll('button, select, input:not([type=hidden])')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 18).map(one => one.outerHTML),
  nameless: [...document.querySelectorAll('input:not([type=hidden]), select')]
    .filter(one => !one.labels?.length && !one.ariaLabel).map(one => one.outerHTML),
  unread: [...document.images].filter(one => one.loading !== 'lazy' && one.naturalWidth === 0).length
})`

describe('the pages in Chromium', () => {
  it.each([
    [390, 'light'],
    [390, 'dark'],
    [1440, 'light']
  ] as const)(
    'fit %i pixels in %s colours, load nothing from elsewhere, and make no complaint',
    async (width, scheme) => {
      await tab.shape(width, 900, scheme)
      for (const path of pages(RUN)) {
        await tab.go(new URL(path, server.url).href)
        expect([path, await tab.evaluate(LAYOUT)]).toEqual([
          path,
          { isTooWide: false, tiny: [], nameless: [], unread: 0 }
        ])
      }
      const place = new URL(server.url)
      const elsewhere = tab.requests.map(url => new URL(url)).filter(({ protocol }) => protocol !== 'data:')
      expect(elsewhere.filter(({ origin }) => origin !== place.origin)).toEqual([])
      expect(tab.complaints).toEqual([])
    }
  )

  it('say as much where no script runs', async () => {
    const words = 'document.querySelector("main").innerText.replaceAll("Copy", "").trim().split(/\\s+/).length'
    for (const path of pages(RUN)) {
      await tab.go(new URL(path, server.url).href)
      const scripted = await tab.evaluate<number>(words)
      await tab.scripts(false)
      await tab.go(new URL(path, server.url).href)
      const plain = await tab.evaluate<number>(words)
      await tab.scripts(true)
      expect([path, plain]).toEqual([path, scripted])
    }
  })

  it('show where the keyboard is, and lead to the content first', async () => {
    await tab.go(server.url)
    const skip = await tab.evaluate(`(() => {
      const link = document.querySelector('a.skip')
      link.focus()
      return [link.getAttribute('href'), link.getBoundingClientRect().left >= 0]
    })()`)
    expect(skip).toEqual(['#main', true])
  })

  it('obey nothing that a hostile store holds', async () => {
    const dir = temporaryFolder()
    hostileStore(dir)
    const store = openStore(dir)
    const [{ id }] = store.runs()
    store.close()
    const hostile = await serve(dir, { port: 0 })
    const before = tab.complaints.length
    for (const path of [...pages(id).slice(0, 4), `/report?run=${encodeURIComponent(id)}`]) {
      await tab.go(new URL(path, hostile.url).href)
      expect(await tab.evaluate('document.documentElement.dataset.pwned ?? null')).toBe(null)
      expect(await tab.evaluate('document.querySelectorAll("iframe, base, object, embed").length')).toBe(0)
    }
    const refused = tab.complaints.slice(before).filter(text => text.includes('Content Security Policy'))
    expect(refused).toEqual([])
    await hostile.close()
  })
})

describe('a run in another process', () => {
  const dir = temporaryFolder()
  let child: ChildProcess
  let live: StoreServer

  beforeAll(async () => {
    child = spawn(process.execPath, [main, longSpec(), '--store', dir, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const lines = createInterface({ input: child.stdout! })
    await new Promise<void>(resolve => {
      lines.on('line', line => {
        if (line.includes('"type":"started","stage":"many"')) resolve()
      })
    })
    live = await serve(dir, { port: 0 })
  })
  afterAll(async () => {
    child.kill('SIGKILL')
    await live.close()
  })

  it('is seen to go on, without the page being loaded again, and to end', async () => {
    await tab.shape(1280, 900)
    await tab.go(new URL('/runs/long', live.url).href)
    await tab.evaluate('document.documentElement.dataset.same = "yes"')
    const done = 'Number(document.querySelector("progress")?.value ?? 0)'
    await tab.until(`${done} > 0`)
    const before = await tab.evaluate<number>(done)
    await tab.until(`${done} > ${before}`)
    expect(await tab.evaluate('document.documentElement.dataset.same')).toBe('yes')
    expect(await tab.evaluate('document.querySelector("[role=status]").textContent')).toContain('under way: many')
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await tab.until('document.body.innerText.includes("its process was killed")')
    expect(await tab.evaluate('document.querySelector("[data-events]")')).toBe(null)
    expect(await tab.evaluate('document.body.innerText')).toContain('epd-run resume long-')
  })
})
