import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openOnnxModel } from '../../src/models/onnx.js'
import { openModel } from '../../src/models/open.js'
import { TARGETS } from '../../src/predictors/targets.js'
import { relativeError } from '../support/fixture.js'
import { numpy } from '../support/numpy-sampler.js'
import { caseNames, openCase, type Case, type ExportedRun } from '../interop/cases.js'
import { predictorOf, sampled, writeExport } from '../interop/predictors.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-exports-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The largest difference of an image, relative to the largest of its numbers. */
const BOUND = 1e-4

function array({ expected }: Case, name: string): Float64Array {
  const found = expected.get(name)
  if (!found) throw new Error(`the case has no ${name}`)
  return found
}

/** What the solver itself, with what was learned for it, makes of latents on the network of a case. */
async function ours({ about, checkpoint }: Case, run: ExportedRun, latents: Float64Array): Promise<Float64Array> {
  const { rounding, guidance } = run
  const model = about.onnx
    ? await openOnnxModel({ ...about.onnx, onnx: checkpoint, provider: 'cpu', threads: 1 })
    : await openModel({
        ...{ checkpoint, cacheDir: folder, engine: 'onnx', provider: 'cpu', threads: 1 },
        ...(rounding && { rounding }),
        ...(guidance && { guidance })
      })
  try {
    return await sampled(model, run, latents, about.prompt)
  } finally {
    await model.close()
  }
}

describe.each(caseNames().filter(name => name.startsWith('exports-')))('%s', name => {
  const made = openCase(name)
  const runs = Object.entries(made.about.exported ?? {})

  it.each(runs)('%s ends with the images of the solver here', async (title, run) => {
    const found = await ours(made, run, array(made, `${title}.latents`))
    expect(relativeError(array(made, title), found)).toBeLessThan(BOUND)
  })

  const played = runs.filter(([title]) => made.expected.has(`${title}.denoised`))
  if (played.length === 0) return
  it.each(played)('the executor of numpy asks for what %s asks, and ends with its images', (title, { predictor }) => {
    const tape = (part: string) => [...array(made, `${title}.${part}`)]
    const answered = numpy(folder, REPLAY, {
      name: writeExport(TARGETS[0], predictorOf(predictor), folder),
      shape: made.about.shape,
      ...{ latents: tape('latents'), x: tape('x'), sigma: tape('sigma'), denoised: tape('denoised') },
      images: [...array(made, title)]
    }) as { readonly worst: number; readonly left: number }
    expect(answered.left).toBe(0)
    expect(answered.worst).toBeLessThan(1e-5)
  })
})

/** Answers the executor with what the library's network has answered, and compares all that it asks for. */
const REPLAY = `
shape = [-1, *given["shape"]]
latents, x, denoised, images = [np.array(given[key]).reshape(shape) for key in ["latents", "x", "denoised", "images"]]
sigma, place, worst = np.array(given["sigma"]), 0, 0

def compare(found, expected):
    global worst
    assert found.shape == expected.shape
    worst = max(worst, float(np.abs(found - expected).max() / np.abs(expected).max()))

def denoise(asked, told):
    global place
    part = slice(place, place + len(asked))
    place = part.stop
    compare(asked, x[part])
    compare(told, sigma[part])
    return denoised[part]

compare(importlib.import_module(given["name"]).sample(denoise, latents), images)
give({"worst": worst, "left": len(x) - place})
`
