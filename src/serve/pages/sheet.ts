import { EpdError } from '../../errors.js'
import { toPng } from '../../images/to-png.js'
import { compareImages, type ComparisonOptions } from '../../pipeline/comparison.js'
import type { Store } from '../../store/store.js'
import type { Page } from '../page.js'
import { seedsOf } from '../seeds.js'

/** Sample stages of a run beside each other with their differences, as `epd-run images` draws them. */
export const sheet: Page = {
  path: '/runs/:run/comparison.png',
  respond({ part, query, store }) {
    const stages = query.getAll('stage')
    const options = { seeds: seedsOf(query), ...(stages.length > 0 && { stages }) }
    const { picture } = drawn(store(), store().run(part('run')).id, options)
    return { status: 200, type: 'image/png', body: toPng(picture) }
  }
}

/** @throws EpdError `usage` where names make the picture larger than any is */
function drawn(store: Store, id: string, options: ComparisonOptions) {
  try {
    return compareImages(store, id, options)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('usage', `the picture cannot be drawn: ${error.message}`, { cause: error })
  }
}
