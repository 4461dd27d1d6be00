import type { Page } from './page.js'
import { compare } from './pages/compare.js'
import { events } from './pages/events.js'
import { icon } from './pages/icon.js'
import { images } from './pages/images.js'
import { report } from './pages/report.js'
import { run } from './pages/run.js'
import { runs } from './pages/runs.js'
import { sheet } from './pages/sheet.js'
import { strip } from './pages/strip.js'
import { table } from './pages/table.js'

/** All that the server answers; a new page is one file of `pages` and its name here. */
export const PAGES: readonly Page[] = [runs, run, events, images, strip, sheet, table, compare, report, icon]
