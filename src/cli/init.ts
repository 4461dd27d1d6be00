import { existsSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { placeFileSync } from '../files/place.js'
import { cacheFolder } from '../pipeline/assets.js'
import { nameFor, startingSpec } from '../pipeline/starting-spec.js'
import type { InitFlags } from './order-flags.js'
import { checkOut } from './out.js'
import { print, printJson, warn } from './output.js'

/** Writes a spec for a model, and never in the place of a file. */
export async function init(model: readonly string[], { store, out, json }: InitFlags): Promise<void> {
  const file = out ?? `${nameFor(model)}.yaml`
  if (!/\.ya?ml$/.test(file)) throw new EpdError('usage', `--out ${file}: expected a name that ends in .yaml`)
  checkOut(file)
  const cacheDir = existsSync(store) ? cacheFolder(store) : undefined
  const { text, unsure } = await startingSpec(model, file, { cacheDir })
  // Another process may have written it while the model was looked at.
  checkOut(file)
  placeFileSync(file, Buffer.from(text))
  if (unsure.length > 0)
    warn(`${file}: the model does not tell its ${unsure.join(' and ')}; check the lines with CHECK`)
  if (json) printJson({ file, unsure })
  else print(`${file}\nrun it by  epd-run ${file}`)
}
