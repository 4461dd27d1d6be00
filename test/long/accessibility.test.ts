import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { ofRun } from '../../src/serve/links.js'
import type { StoreServer } from '../../src/serve/serve.js'
import type { Tab } from '../support/browser.js'
import { servedStore } from '../support/served.js'
import { smallRun } from '../support/small-run.js'

const { whole } = smallRun()
const RUN = 'small'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let tab: Tab
let server: StoreServer
servedStore(whole, (...opened) => {
  ;[tab, server] = opened
})

/** The rules of axe that a page breaks, how serious that is, and where. */
const FINDINGS = `axe.run(document).then(({ violations }) => violations.map(({ id, impact, nodes }) =>
  ({ id, impact, at: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary) })))`

const encoded = (name: string) => encodeURIComponent(name)
const PAGES = [
  ...['/', '/?where=small', ofRun(RUN), ofRun(RUN, ['images']), ofRun(RUN, ['table'])],
  `/compare?run=${encoded(`${RUN}/samples`)}&run=${encoded(`${RUN}/euler`)}`,
  ...[`/report?run=${RUN}`, '/nothing-is-here']
]

describe.each([
  [1440, 'light'],
  [1440, 'dark'],
  [390, 'light']
] as const)('pages of %i pixels in %s colours, as axe reads them', (width, scheme) => {
  it.each(PAGES)('%s breaks no rule', async path => {
    await tab.shape(width, 900, scheme)
    await tab.go(new URL(path, server.url).href)
    await tab.evaluate(AXE)
    expect(await tab.evaluate(FINDINGS)).toEqual([])
  })
})

it('axe finds what is wrong', async () => {
  await tab.go(server.url)
  await tab.evaluate(AXE)
  await tab.evaluate('document.querySelector("main").append(new Image(9, 9))')
  expect(await tab.evaluate(FINDINGS)).toMatchObject([{ id: 'image-alt', impact: 'critical' }])
})
