import { afterAll, beforeAll } from 'vitest'
import { serve, type StoreServer } from '../../src/serve/serve.js'
import { openTab, type Tab } from './browser.js'

/** Serves a store and opens a page in Chromium for the tests of a file, and closes both after them. */
export function servedStore(root: string, opened: (tab: Tab, server: StoreServer) => void): void {
  let tab: Tab
  let server: StoreServer
  beforeAll(async () => {
    tab = await openTab()
    server = await serve(root, { port: 0 })
    opened(tab, server)
  })
  afterAll(async () => {
    await tab.close()
    await server.close()
  })
}
