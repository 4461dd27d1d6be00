import { extname } from 'node:path'
import { EpdError } from '../errors.js'
import { placeFileSync } from '../files/place.js'
import { toPng } from '../images/to-png.js'
import { compareImages } from '../pipeline/comparison.js'
import { openStore } from '../store/store.js'
import type { Flags } from './flags.js'
import { checkOut } from './out.js'
import { print, printJson } from './output.js'
import { printable } from './printable.js'
import { seedsIn } from './seeds.js'

export interface ImagesFlags extends Flags {
  readonly seeds?: string
  readonly stages?: string
  readonly errors?: boolean
  readonly reference?: string
  readonly out?: string
}

/** Writes a PNG of what sample stages of a run have made of the same seeds. */
export function images(run: string, flags: ImagesFlags): void {
  const { seeds, stages, errors = false, reference, store: dir, json } = flags
  const chosen = seeds === undefined ? undefined : seedsIn(seeds)
  const names = stages === undefined ? undefined : namesIn(stages)
  const store = openStore(dir)
  try {
    const { id } = store.run(run)
    const out = flags.out ?? `${id}.png`
    if (extname(out).toLowerCase() !== '.png')
      throw new EpdError('usage', `--out ${out}: expected a name that ends in .png`)
    checkOut(out)
    const found = compareImages(store, id, { seeds: chosen, stages: names, errors, reference })
    placeFileSync(out, toPng(found.picture))
    const { picture, ...about } = found
    const { width, height } = picture
    if (json) printJson({ file: out, run: id, width, height, ...about })
    else
      print(
        `${printable(out)}: ${found.stages.length} stages of ${found.seeds.length} seeds, ${width}x${height} pixels${more(found.leftOut)}`
      )
  } finally {
    store.close()
  }
}

function more({ length }: readonly string[]): string {
  return length === 0 ? '' : `; ${length.toLocaleString('en')} more stages have no room, --stages names those to show`
}

/**
 * The names in a list that commas separate. Names of stages in a matrix have commas of their own, in front of the next
 * axis: `samples@nfe=5,seed=1`.
 */
function namesIn(list: string): string[] {
  const names: string[] = []
  for (const part of list.split(',').map(piece => piece.trim())) {
    const isAxis = names.at(-1)?.includes('@') && /^[A-Za-z][A-Za-z0-9_-]*=/.test(part)
    if (isAxis) names[names.length - 1] += `,${part}`
    else names.push(part)
  }
  return names
}
