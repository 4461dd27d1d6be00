import { EpdError } from '../../errors.js'
import { toPng } from '../../images/to-png.js'
import { imagesKeyOf } from '../../pipeline/sampled.js'
import { readPictures, strip as drawn } from '../../report/pictures.js'
import type { Page } from '../page.js'
import { seedsOf } from '../seeds.js'

/** The images of some seeds of a sample stage side by side, as a PNG. */
export const strip: Page = {
  path: '/runs/:run/strip.png',
  respond({ part, query, store }) {
    const { id } = store().run(part('run'))
    const stage = query.get('stage') ?? ''
    const seeds = seedsOf(query) ?? []
    const key = imagesKeyOf(store().runStages(id), stage)
    const pictures = key === undefined ? undefined : readPictures(store(), key, seeds)
    if (!pictures) throw new EpdError('not-found', `run ${id} has no images of these seeds by a stage "${stage}"`)
    return { status: 200, type: 'image/png', body: toPng(drawn(pictures, seeds)) }
  }
}
