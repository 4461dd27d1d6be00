import { html } from '../../html/html.js'
import { REPORT_POLICY } from '../../report/page.js'
import { report as made } from '../../report/report.js'
import { shown } from '../layout.js'
import type { Page } from '../page.js'
import { ALL_RUNS } from '../parts.js'

/** The report of any runs, as `epd-run report` writes it. */
export const report: Page = {
  path: '/report',
  async respond({ query, store, storeName }) {
    const runs = query.getAll('run')
    if (runs.length === 0) return shown(noneChosen(), 400)
    const body = await made(store(), runs, { storeName })
    const policy = `${REPORT_POLICY}; frame-ancestors 'none'`
    return { status: 200, type: 'text/html; charset=utf-8', body, policy }
  }
}

function noneChosen() {
  return {
    title: 'Report of runs',
    above: [ALL_RUNS],
    content: html`<p>No run is chosen. Choose some <a href="/">in the list</a>.</p>`
  }
}
