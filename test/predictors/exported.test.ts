import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import type { Denoiser } from '../../src/models/denoiser.js'
import { exportedFiles, folderOf, wrongFolder } from '../../src/predictors/exported.js'
import { described } from '../../src/predictors/file.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import { parseRecord, type PredictorRecord } from '../../src/predictors/record.js'
import { plainParameters, tableOfRecord, timePointsOf } from '../../src/predictors/record-table.js'
import { TARGETS, type Target } from '../../src/predictors/targets.js'
import { tableRows } from '../../src/solvers/table.js'
import { PREDICTORS, predictorOf, sampled, writeExport } from '../interop/predictors.js'
import { relativeError } from '../support/fixture.js'
import { numpy } from '../support/numpy-sampler.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-exported-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function targetOf(name: string): Target {
  const found = TARGETS.find(target => target.name === name)
  if (!found) throw new Error(`there is no target ${name}`)
  return found
}

/** A denoiser that is not linear: tanh(x / (1 + sigma^2)). */
const SHAPE = [1, 2, 2] as const
const denoiser: Denoiser = {
  shape: SHAPE,
  labelDim: 0,
  nfeFactor: 1,
  sigmaMin: 0.002,
  sigmaMax: 80,
  close: () => Promise.resolve(),
  denoise: (x, sigma) =>
    Promise.resolve(x.map((value, i) => Math.tanh(value / (1 + sigma[Math.floor(i / (x.length / sigma.length))] ** 2))))
}
const IN_PYTHON = `
calls = []

def denoise(x, sigma):
    calls.append(len(x))
    return np.tanh(x / (1 + sigma**2).reshape(-1, 1, 1, 1))

images = importlib.import_module(given["name"]).sample(denoise, np.array(given["latents"]).reshape(-1, 1, 2, 2))
give({"images": images.ravel().tolist(), "calls": calls})
`
const latents = Float64Array.from({ length: 12 }, (_, i) => 1.5 * Math.sin(1 + 2 * i))

const raw = (size: number) => fc.double({ min: -size, max: size, noNaN: true })
/** Predictors of EPD as learning may leave them. */
const records = fc
  .record({
    steps: fc.integer({ min: 1, max: 4 }),
    points: fc.integer({ min: 1, max: 3 }),
    base: fc.constantFrom('euler', 'ipndm', 'deis'),
    afs: fc.boolean(),
    zero: fc.boolean(),
    number: raw(3)
  })
  .map(({ steps, points, base, afs, zero, number }) => {
    const rows = (by: number) =>
      Array.from({ length: steps }, (_, i) =>
        Array.from({ length: points }, (_, k) => number * Math.sin(by + i + 7 * k))
      )
    return parseRecord(
      {
        name: 'any',
        solver: {
          ...{ name: 'epd', afs, points, base, scaleDir: 0.1, scaleTime: 0.1 },
          numSteps: steps + 1 + (zero ? 1 : 0),
          schedule: { type: 'polynomial', rho: 7, sigmaMin: 0.1, sigmaMax: 40, ...(zero && { finalSigma: 'zero' }) }
        },
        learned: {
          ...{ r: rows(1), weight: rows(2), scaleDir: rows(3), scaleTime: rows(4) },
          ranges: { scaleDir: 0.1, scaleTime: 0.1 }
        }
      },
      'any'
    )
  })

describe('an exported predictor', () => {
  it.each([...PREDICTORS.keys()])('%s samples with NumPy as its solver does here, layer by layer', async name => {
    const record = predictorOf(name)
    const given = { name: writeExport(TARGETS[0], record, folder), latents: [...latents] }
    const answered = numpy(folder, IN_PYTHON, given) as { readonly images: number[]; readonly calls: number[] }
    const images = await sampled(denoiser, { predictor: name }, latents)
    expect(relativeError(answered.images, images)).toBeLessThan(1e-9)
    expect(answered.calls).toEqual(tableOfRecord(record).layers.map(layer => 3 * layer.length))
  })

  it('is a package of Python with a table, one file and a README that names them', () => {
    const record = predictorOf('published')
    for (const target of TARGETS) {
      const files = exportedFiles(target, record, 'package_of_mine')
      expect([...files.keys()]).toEqual(['__init__.py', 'table.json', 'README.md'])
      const readme = files.get('README.md')?.toString() ?? ''
      expect(readme).toMatch(/^# published for /)
      expect(readme).toMatch(/5 parallel NFE/)
      expect(readme).not.toMatch(/\b(PREDICTOR|FOLDER|EVALUATIONS|LAYERS|SIGMA_FIRST|SIGMA_LAST|sample_NAME)\b/)
      expect(folderOf(target, { ...record, name: '00018-a+b(c).d' })).toMatch(/^[A-Za-z_][A-Za-z0-9_]*_00018_a_b_c__d$/)
      expect(JSON.parse(files.get('table.json')?.toString() ?? '')).toMatchObject({
        format: 'epd-run table',
        name: 'published',
        ...tableOfRecord(record)
      })
    }
  })

  it.each([
    ['numpy_sampler_epd', 3],
    ['my-sampler "of" 5 NFE', 4]
  ])('says by a few lines how it is used, and they work: %s', (name, count) => {
    const readme = exportedFiles(TARGETS[0], predictorOf('epd'), name).get('README.md')?.toString()
    const lines = readme?.split('```python\n')[1].split('```')[0] ?? ''
    expect(lines.trim().split('\n')).toHaveLength(count)
    writeExport(TARGETS[0], predictorOf('epd'), folder, name)
    const denoise = 'denoise = lambda x, sigma: x / (1 + sigma.reshape(-1, 1, 1, 1) ** 2)'
    expect(numpy(folder, `${denoise}\n${lines}\ngive(images.shape)`, {})).toEqual([16, 3, 32, 32])
  })

  it.each([
    ['numpy', 'my.sampler', /no folder with a dot in its name/],
    ['numpy', 'numpy', /would find this folder in place of numpy itself/],
    ['diffusers', 'torch', /in place of torch itself/],
    ['k-diffusion', 'k_diffusion', /in place of k_diffusion itself/],
    ['k-diffusion', 'k-diffusion', undefined],
    ['comfyui', 'my.sampler', undefined]
  ])('for %s may be called %s: %s', (target, name, message) => {
    const told = wrongFolder(targetOf(target), name)
    if (message) expect(told).toMatch(message)
    else expect(told).toBeUndefined()
  })

  it('shows how images of the model are sampled, where their size is known', () => {
    const record = { ...predictorOf('epd'), model: { shape: [1, 16, 8] as const } }
    for (const target of TARGETS.slice(0, 2))
      expect(exportedFiles(target, record, 'x').get('README.md')?.toString()).toContain('(16, 1, 16, 8)')
  })

  describe('that begins at t = 1 of a flow', () => {
    const record = predictorOf('sd3')

    it('is taken by targets whose models are evaluated there, and written as JSON can hold it', () => {
      for (const name of ['diffusers', 'comfyui']) {
        const files = exportedFiles(targetOf(name), record, 'x')
        const told = JSON.parse(files.get('table.json')?.toString() ?? '') as {
          readonly sigmas: unknown
          readonly layers: readonly (readonly { readonly sigma: unknown; readonly noise: number }[])[]
        }
        const { sigmas, layers } = tableOfRecord(record)
        expect(told.sigmas).toEqual(['Infinity', sigmas[1]])
        expect(told.layers[0][0]).toMatchObject({ sigma: 'Infinity', noise: 1 })
        expect(told.layers.slice(1)).toEqual(layers.slice(1))
        expect(files.get('README.md')?.toString()).toMatch(/from sigma infinity \(t = 1\s+of a flow\)/)
      }
    })

    it.each(['numpy', 'k-diffusion'])('is refused for %s, with the targets that take it', name => {
      const refused = () => exportedFiles(targetOf(name), record, 'x')
      expect(refused).toThrow(
        /models of .* are not evaluated; export it to diffusers or comfyui, or its table by --to json/
      )
      expect(refused).toThrow(expect.objectContaining({ code: 'no-table' }))
    })
  })

  it('gives a name that is put in place of a word as it is', () => {
    const record = { ...predictorOf('table'), name: 'FOLDER' }
    const files = exportedFiles(TARGETS[1], record, 'x')
    expect(files.get('README.md')?.toString()).toMatch(/^# FOLDER for k-diffusion/)
    expect(files.get('__init__.py')?.toString()).toContain('def sample_FOLDER(model, x,')
  })

  it('has as many evaluations as its solver takes, whatever was learned', () => {
    fc.assert(
      fc.property(records, record => {
        const table = tableOfRecord(record)
        expect(table.layers).toHaveLength(record.solver.nfe)
        expect(table.sigmas[0]).toBe(timePointsOf(record)[0])
        expect(tableRows(table).every(({ sigma }) => sigma > 0)).toBe(true)
      }),
      { numRuns: 50 }
    )
  })
})

describe('JSON', () => {
  it("gives EPD's parameters in plain values: weights that add up to 1, and noise levels within each step", () => {
    fc.assert(
      fc.property(records, record => {
        const { steps = [], timePoints = [] } = plainParameters(record) ?? {}
        expect(steps.length).toBe(timePoints.filter(sigma => sigma > 0).length - 1)
        for (const [i, points] of steps.entries()) {
          expect(points.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12)
          for (const { r, sigma = 0, told, scaleDir, scaleTime } of points) {
            expect(r).toBeGreaterThan(0)
            expect(sigma).toBeLessThanOrEqual(timePoints[i])
            expect(sigma).toBeGreaterThanOrEqual(timePoints[i + 1])
            expect(told).toBe(scaleTime * sigma)
            expect(Math.max(Math.abs(scaleDir - 1), Math.abs(scaleTime - 1))).toBeLessThanOrEqual(0.1 + 1e-12)
          }
        }
      }),
      { numRuns: 50 }
    )
  })

  it('tells where the table evaluates the model: the levels of EPD are its rows', () => {
    const record = predictorOf('published')
    const told = plainParameters(record)
      ?.steps?.flat()
      .map(point => point.told)
    const levels = tableRows(tableOfRecord(record)).map(({ sigma }) => sigma)
    for (const sigma of told ?? []) expect(levels).toContain(sigma)
    expect(told).toHaveLength(6)
  })

  it('has a unit for each number of a table and of its parameters', () => {
    for (const record of PREDICTORS.values()) {
      const { table, parameters } = described(record) as {
        readonly table: { readonly units: object }
        readonly parameters?: { readonly units: object; readonly steps?: object[][] }
      }
      expect(Object.keys(table.units)).toEqual(['sigmas', 'start', 'sigma', 'noise', 'denoised'])
      for (const key of Object.keys(parameters?.steps?.[0][0] ?? {})) expect(parameters?.units).toHaveProperty(key)
    }
  })

  it('of time points alone has them, and a last step to 0', () => {
    expect(plainParameters(predictorOf('steps'))).toMatchObject({ timePoints: [14, 4, 1.1, 0.3, 0] })
  })
})

describe('what is no table', () => {
  const [epd] = publishedPredictors().values()
  const steps = predictorOf('steps')
  const ranges = { scaleDir: 0.01, scaleTime: 0 }
  const amed: PredictorRecord = {
    ...epd,
    name: 'amed',
    solver: { ...epd.solver, name: 'amed', ...ranges, base: 'ipndm' },
    learned: { layers: amedStart(16, 1), ranges }
  }
  const thresholding: PredictorRecord = { ...steps, solver: { ...steps.solver, thresholding: true } }
  const clipped: PredictorRecord = { ...epd, solver: { ...epd.solver, base: 'unipc', thresholding: true } }
  const schedule = { type: 'discrete', rho: 1, sigmaMin: 0.01, sigmaMax: 50 } as const
  const discrete: PredictorRecord = { ...epd, solver: { ...epd.solver, schedule } }
  const endless: PredictorRecord = { ...epd, solver: { ...epd.solver, schedule: { type: 'polynomial', rho: 7 } } }

  it.each([
    [amed, /^amed: amed is no table: its times depend on what the network of AMED sees/],
    [thresholding, /^steps: unipc is no table: dynamic thresholding .*; set thresholding: false/],
    [clipped, /epd is no table: dynamic thresholding .*; set thresholding: false/],
    [discrete, /time points are not known \(the discrete schedule needs a model .*explicit, sigmas/],
    [endless, /time points are not known \(sigmaMin and sigmaMax are needed .*explicit, sigmas/]
  ])('is refused by name, with the way out (%#)', (record, message) => {
    const refused = () => exportedFiles(TARGETS[0], record, 'x')
    expect(refused).toThrow(message)
    expect(refused).toThrow(expect.objectContaining({ code: 'no-table' }))
    expect(described(record)).toMatchObject({ noTable: expect.stringMatching(message) as unknown })
  })

  it('still has what was learned in plain values where only the time points are not known', () => {
    const { steps = [], timePoints } = plainParameters(discrete) ?? {}
    expect(timePoints).toBeUndefined()
    expect(Object.keys(steps[0][0])).toEqual(['r', 'weight', 'scaleDir', 'scaleTime'])
  })
})

it('the templates need no more than Python 3.9 and the library that they are for', () => {
  const imports = {
    numpy_sampler: ['json', 'numpy', 'os'],
    k_diffusion_sampler: ['json', 'os', 'torch', 'tqdm'],
    diffusers_scheduler: ['diffusers', 'json', 'numpy', 'os', 'torch'],
    comfyui_node: ['comfy', 'json', 'os', 'torch', 'tqdm']
  }
  const program = `
import ast
tree = ast.parse(given, feature_version=(3, 9))
names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
give(sorted({name.split(".")[0] for name in names}))
`
  for (const [name, needed] of Object.entries(imports)) {
    const text = readFileSync(new URL(`../../python/export/${name}.py`, import.meta.url), 'utf8')
    expect(numpy(folder, program, text)).toEqual(needed)
  }
})
