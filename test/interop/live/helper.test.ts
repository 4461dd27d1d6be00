import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openCommandModel } from '../../../src/models/command.js'
import type { Model } from '../../../src/models/model.js'
import { openModel } from '../../../src/models/open.js'
import { encodeRequest } from '../../../src/models/protocol.js'
import { relativeError } from '../../support/fixture.js'
import { caseNames, openCase, ruled, SOURCE, type Case } from '../cases.js'
import { sampled } from '../predictors.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-helper-'))
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const EXAMPLE = readFileSync(join(ROOT, 'examples/command-model.py'), 'utf8')
const python = process.env.EPD_PYTHON ?? 'python3'

/** A program of three lines that serves a pipeline; `today` is for old versions of diffusers alone. */
async function served(pipeline: string, { checkpoint }: Case, options = '', missing = ''): Promise<Model> {
  const file = join(folder, `${pipeline}.py`)
  writeFileSync(
    file,
    `import today\nfrom epd_run import serve\nfrom diffusers import ${pipeline}\nserve(${pipeline}.from_pretrained(${JSON.stringify(checkpoint)}${missing})${options})\n`
  )
  return openCommandModel({ command: [python, file], version: '1', timeout: 120 })
}

async function largest(model: Model, { about, expected }: Case): Promise<number> {
  const { shape, sigmas, scales, prompt } = about
  expect(model.shape).toEqual(shape)
  const u = ruled(shape[0] * shape[1] * shape[2])
  const theirs = expected.get('denoised') ?? new Float64Array(0)
  let worst = 0
  for (const [i, sigma] of sigmas.entries()) {
    const condition = prompt === undefined ? undefined : { prompts: [prompt] }
    const answer = await model.denoise(
      u.map(value => value * scales[i]),
      Float64Array.of(sigma),
      condition
    )
    answer.forEach((value, k) => {
      worst = Math.max(worst, Math.abs(value - theirs[i * u.length + k]) / Math.max(1, sigma))
    })
  }
  return worst
}

describe('epd_run.py', () => {
  it('serves an unconditional pipeline', async () => {
    const made = openCase('unet-defaults')
    const model = await served('DDPMPipeline', made)
    expect(await largest(model, made)).toBeLessThan(1e-4)
    await model.close()
  })

  it('serves Stable Diffusion with guidance as this project computes it', async () => {
    const made = openCase('conditional-sd15')
    const model = await served('StableDiffusionPipeline', made, ', guidance=7.5, negative="a dog"')
    const guidance = { scale: 7.5, negative: 'a dog' }
    const own = await openModel({ checkpoint: made.checkpoint, cacheDir: folder, provider: 'cpu', guidance })
    expect(model).toMatchObject({ prompted: true, nfeFactor: 2, shape: own.shape })
    const u = ruled(256)
    const [x, sigma] = [u.map(value => value * 2), Float64Array.of(made.about.sigmas[1])]
    const condition = { prompts: [made.about.prompt ?? ''] }
    const [theirs, ours] = [await model.denoise(x, sigma, condition), await own.denoise(x, sigma, condition)]
    expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i])))).toBeLessThan(1e-3)
    const images = [await model.decoder?.decode(u, 1), await own.decoder?.decode(u, 1)]
    const [first, second] = images.map(image => image ?? new Float32Array(0))
    expect(first.length).toBeGreaterThan(0)
    expect(Math.max(...first.map((value, i) => Math.abs(value - second[i])))).toBeLessThan(1e-4)
    await Promise.all([model.close(), own.close()])
  })

  const flows = caseNames(SOURCE).filter(name => name === 'live-sd3')
  it.each(flows)(
    'serves %s, a transformer that was trained on a flow, with which exported predictors make the same images',
    async name => {
      const made = openCase(name)
      const model = await served('StableDiffusion3Pipeline', made, '', ', text_encoder_3=None, tokenizer_3=None')
      expect(await largest(model, made)).toBeLessThan(1e-4)
      for (const [name, run] of Object.entries(made.about.exported ?? {})) {
        const theirs = made.expected.get(name) ?? new Float64Array(0)
        const latents = made.expected.get(`${name}.latents`) ?? new Float64Array(0)
        const images = await sampled(model, run, latents, made.about.prompt)
        expect(relativeError(theirs, images), `by ${name}`).toBeLessThan(1e-4)
      }
      await model.close()
    }
  )

  it('serves a function', async () => {
    const file = join(folder, 'function.py')
    writeFileSync(
      file,
      'from epd_run import serve\nserve(lambda x, sigma: x * (0.25 / (0.25 + sigma**2)).reshape(-1, 1, 1, 1), (1, 2, 2))\n'
    )
    const model = await openCommandModel({ command: [python, file], version: '1', timeout: 60 })
    const answer = await model.denoise(Float64Array.of(1, 2, 3, 4), Float64Array.of(0.5))
    expect([...answer]).toEqual([0.5, 1, 1.5, 2])
    await model.close()
  })

  const programs = [
    ['it serves', 'from epd_run import serve\nserve(compute, (3, 16, 16))\n'],
    ['is written as the example is', EXAMPLE.replace(/return lambda .*/, 'return compute')]
  ]
  const systems = [
    ['with poll', ''],
    ['without poll', 'import select\ndel select.poll\n']
  ]
  it.each(programs.flatMap(([which, program]) => systems.map(([where, before]) => [which, where, program, before])))(
    'ends a function that %s with its input, even while it computes (%s)',
    async (_which, _where, program, before) => {
      const [file, computing] = [join(folder, 'endless.py'), join(folder, 'computing')]
      rmSync(computing, { force: true })
      const compute = `def compute(*_):\n    open(${JSON.stringify(computing)}, "w").close()\n    while True:\n        pass\n`
      writeFileSync(file, `${before}${compute}\n${program}`)
      const env = { ...process.env, PYTHONPATH: join(ROOT, 'python') }
      const child = spawn(python, [file], { env, stdio: ['pipe', 'ignore', 'inherit'] })
      const ended = once(child, 'exit')
      child.stdin.write(encodeRequest({ samples: 1, noise: Float32Array.of(1), x: new Float32Array(768) }))
      while (!existsSync(computing)) await sleep(20)
      child.stdin.end()
      expect(await ended).toEqual([0, null])
    }
  )
})
