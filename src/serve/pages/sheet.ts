import { toPng } from '../../images/to-png.js'
import { compareImages } from '../../pipeline/comparison.js'
import type { Page } from '../page.js'
import { seedsOf } from '../seeds.js'

/** Sample stages of a run beside each other with their differences, as `epd-run images` draws them. */
export const sheet: Page = {
  path: '/runs/:run/comparison.png',
  respond({ part, query, store }) {
    const stages = query.getAll('stage')
    const options = { seeds: seedsOf(query), ...(stages.length > 0 && { stages }) }
    const { picture } = compareImages(store(), store().run(part('run')).id, options)
    return { status: 200, type: 'image/png', body: toPng(picture) }
  }
}
