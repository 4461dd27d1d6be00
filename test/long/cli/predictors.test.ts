import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { predictorsIn } from '../../../src/pipeline/predictors.js'
import { openStore } from '../../../src/store/store.js'
import { epdRun, temporaryFolder } from '../../support/cli.js'

const folder = temporaryFolder()
const store = join(folder, 'store')
const model = fileURLToPath(new URL('../../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))
const other = fileURLToPath(new URL('../../fixtures/edm/ncsnpp-uncond.pkl', import.meta.url))
const snapshot = fileURLToPath(new URL('../../fixtures/checkpoints/predictor-plugin.pkl', import.meta.url))

const table = `name: table
model: { checkpoint: ${model} }
matrix:
  nfe: [3, 5]
  solver:
    DDIM: { name: euler, nfe: matrix.nfe, afs: true }
    ParaDiGMS: { name: paradigms, nfe: matrix.nfe, numSteps: 6, window: 3 }
    EPD-Solver: epd
    EPD+steps: epd-steps
    DDIM+steps: steps
    AMED-Plugin: amed
solver: { name: epd, nfe: matrix.nfe, points: 1, afs: true }
stages:
  teacher: { kind: teacher, refine: 1, substeps: 1, seeds: 10-13 }
  epd: { kind: distill, teacher: teacher, validation: 20-21, optimizer: { name: levenberg-marquardt, iterations: 1 } }
  epd-steps: { kind: distill, teacher: teacher, learnSigmas: true, validation: 20-21, optimizer: { name: levenberg-marquardt, iterations: 1, finalIterations: 1 } }
  steps: { kind: distill, teacher: teacher, learnSigmas: true, validation: 20-21, solver: { name: euler, nfe: matrix.nfe, afs: true } }
  amed:
    kind: distill
    teacher: teacher
    solver: { name: amed, nfe: matrix.nfe, afs: true, base: ipndm, scaleTime: 0.1 }
    optimizer: { name: adam, batch: 4, trajectories: 8 }
    validation: 20-21
  samples: { kind: sample, solver: matrix.solver, seeds: 0-3 }
  reference: { kind: sample, solver: { name: heun, numSteps: 6 }, seeds: 0-3 }
  score: { kind: score, samples: [samples], reference: reference, metrics: [psnr, rmse] }
`

function spec(name: string, text: string): string {
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, text)
  return file
}
const using = (from: string, checkpoint = model, options = '') =>
  `name: using\nmodel: { checkpoint: ${checkpoint} }\nsolver: { from: "predictor:${from}"${options} }\nstages: { samples: { kind: sample, seeds: 0-3 } }\n`

const run = (...args: string[]) => epdRun([...args, '--store', store])
let id = ''

/** Files of the samples of a run's stage, by their digests. */
function samplesOf(runName: string, stage: string): unknown {
  const opened = openStore(store)
  try {
    const found = opened.runStages(opened.run(runName).id).find(({ name }) => name === stage)
    return opened.artifacts(found?.key ?? '', 'samples').map(({ digest }) => digest)
  } finally {
    opened.close()
  }
}

beforeAll(async () => {
  const { code, stderr } = await run(spec('table', table))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const opened = openStore(store)
  id = opened.run('table').id
  opened.close()
}, 60_000)

describe('epd-run table', () => {
  it('has a row for each solver, learned or not, and a column for each NFE', async () => {
    const { stdout } = await run('table', 'table', '--rows', 'solver', '--cols', 'nfe', '--metric', 'psnr', '--json')
    const found = JSON.parse(stdout) as { columns: string[]; rows: { name: string; cells: { value: number }[] }[] }
    expect(found.columns).toEqual(['3', '5'])
    expect(found.rows.map(({ name }) => name)).toEqual([
      'DDIM',
      'ParaDiGMS',
      'EPD-Solver',
      'EPD+steps',
      'DDIM+steps',
      'AMED-Plugin'
    ])
    expect(found.rows.every(({ cells }) => cells.every(({ value }) => Number.isFinite(value)))).toBe(true)
  })

  it('prints as text, Markdown, CSV and LaTeX with the best and the second marked', async () => {
    const [text, markdown, csv, latex] = await Promise.all(
      ['text', 'markdown', 'csv', 'latex'].map(
        async format => (await run('table', 'table', '--metric', 'rmse', '--format', format)).stdout
      )
    )
    expect(text).toMatch(/^rmse: solver by nfe +3 +5$/m)
    expect(text.match(/\*/g)).toHaveLength(2)
    expect(text.match(/\d\+/g)).toHaveLength(2)
    expect(markdown).toMatch(/^\| rmse: solver by nfe \| 3 \| 5 \|\n\| --- \| ---: \| ---: \|\n\| DDIM \|/)
    expect(markdown.match(/\*\*[\d.]+\*\*/g)).toHaveLength(2)
    expect(markdown.match(/<u>[\d.]+<\/u>/g)).toHaveLength(2)
    expect(csv.split('\n')).toHaveLength(8)
    expect(csv).toMatch(/^solver,3,5\nDDIM,[\d.e-]+,[\d.e-]+\n/)
    expect(latex).toMatch(/^\\begin\{tabular\}\{lcc\}\n\\toprule\nrmse: solver by nfe & 3 & 5 \\\\\n\\midrule\n/)
    expect(latex.match(/\\textbf\{[\d.]+\}/g)).toHaveLength(2)
    expect(latex.match(/\\underline\{[\d.]+\}/g)).toHaveLength(2)
  })

  it.each([
    [['--metric', 'psnr', '--rows', 'colour'], 2, /samples have no colour; they have samples, solver, nfe/],
    [[], 2, /required option '--metric <metric>' not specified/]
  ])('refuses %j', async (args, code, message) => {
    const failed = await run('table', 'table', ...args)
    expect(failed.code).toBe(code)
    expect(failed.stderr).toMatch(message)
  })
})

describe('a predictor', () => {
  it('lists among those that can be used', async () => {
    const { stdout } = await run('predictors', '--json')
    const rows = JSON.parse(stdout) as { name: string; origin: string; model: object }[]
    expect(rows.filter(({ origin }) => origin === 'published')).toHaveLength(87)
    expect(rows.find(({ name }) => name === `${id}/amed@nfe=5`)).toMatchObject({
      origin: 'distilled',
      model: { shape: [3, 16, 16] }
    })
    expect((await run('predictors')).stdout).toMatch(/table-\w+\/steps@nfe=3 +distilled +euler at 3 NFE/)
  })

  it('that a run has distilled gives another run the same samples, by its name', async () => {
    const stages = { epd: 'EPD-Solver', 'epd-steps': 'EPD+steps', steps: 'DDIM+steps', amed: 'AMED-Plugin' }
    const lines = Object.keys(stages).map(
      stage => `  ${stage}: { kind: sample, solver: { from: "predictor:${id}/${stage}@nfe=5" }, seeds: 0-3 }\n`
    )
    const text = `${using(`${id}/epd@nfe=5`).split('stages:')[0]}stages:\n${lines.join('')}`
    expect((await run(spec('named', text))).code).toBe(0)
    for (const [stage, solver] of Object.entries(stages)) {
      const expected = samplesOf('table', `samples@nfe=5,solver=${solver}`)
      expect(expected).toHaveLength(1)
      expect(samplesOf('using', stage)).toEqual(expected)
    }
  })

  it.each([
    ['epd@nfe=5', 'json'],
    ['amed@nfe=5', 'safetensors']
  ])('is the same once it was exported and imported: %s as %s', async (stage, extension) => {
    const file = join(folder, `${stage}.${extension}`)
    expect(await run('export', `${id}/${stage}`, '--out', file)).toMatchObject({ code: 0, stderr: '' })
    expect((await run('import', file, '--name', stage)).stdout).toContain(`solver: { from: "predictor:${stage}" }`)
    const source = predictorsIn(store)
    expect(source.get(stage)).toEqual({ ...source.get(`${id}/${stage}`), name: stage })
  })

  it('is imported under a name that no other has', async () => {
    expect((await run('import', snapshot)).stdout).toMatch(
      /^predictor-plugin: epd K=2 on ipndm at 3 NFE, 3 time_uniform/
    )
    const taken = await run('import', join(folder, 'epd@nfe=5.json'), '--name', 'predictor-plugin')
    expect(taken).toMatchObject({ code: 2 })
    expect(taken.stderr).toMatch(
      /"predictor-plugin" is the name of the one imported from .*; choose a name with --name/
    )
  })

  it('of another model is refused, or a warning with --allow-mismatch, which a resumed run keeps', async () => {
    const file = spec('other', using(`${id}/epd@nfe=5`, other))
    const refused = await run(file)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /was distilled for model \w{12}, and this one is \w{12}; --allow-mismatch uses it all the same/
    )
    const allowed = await run(file, '--allow-mismatch')
    expect(allowed).toMatchObject({ code: 0 })
    expect(allowed.stderr).toMatch(/^warning: stage "samples": predictor .* was distilled for model/)
    expect((await run('resume', 'using')).stderr).toMatch(/^warning: /)
  })

  it('on other time points is refused, or stretched over them with --allow-mismatch', async () => {
    const file = spec('longer', using(`${id}/epd@nfe=5`, model, ', nfe: 9'))
    expect((await run('validate', file)).stderr).toMatch(
      /longer.yaml:3:9: solver: expected the time points that predictor .* was distilled for/
    )
    const allowed = await run(file, '--allow-mismatch')
    expect(allowed).toMatchObject({ code: 0 })
    expect(allowed.stderr).toMatch(/^warning: .*longer.yaml:3:9: solver: predictor .* is used on 6 time_uniform/)
    expect(allowed.stdout).toMatch(/samples +epd K=1 +9 +9 +4/)
  })

  it.each([
    [
      ['export', '00001-cifar10-3-3-epd-uni1.0-afs', '--out', 'a.txt'],
      2,
      /expected a name that ends in .json or .safetensors/
    ],
    [
      ['export', '00001-cifar10-3-3-epd-uni1.0-afs', '--to', 'json', '--out', 'a.safetensors'],
      2,
      /expected a name that ends in .json$/m
    ],
    [
      ['export', '00001-cifar10-3-3-epd-uni1.0-afs', '--to', 'numpy', '--out', 'numpy'],
      2,
      /--out numpy: Python would find this folder in place of numpy itself; name it otherwise/
    ],
    [['export', '00001-cifar10-3-3-epd-uni1.0-afs', '--to', 'jax'], 2, /Allowed choices are json, numpy, k-diffusion/],
    [['import', model, '--solver', '{ name: '], 2, /--solver { name: : is neither a name nor a mapping/],
    [['import', model], 1, /holds no predictor; expected a snapshot of the code of EPD-Solver/]
  ])('%j fails', async (args, code, message) => {
    const failed = await run(...args)
    expect(failed.code).toBe(code)
    expect(failed.stderr).toMatch(message)
  })

  it.each(['numpy', 'k-diffusion', 'diffusers', 'comfyui'])('is taken to %s as a folder', async target => {
    const out = join(folder, `to-${target}`)
    const given = ['export', `${id}/steps@nfe=5`, '--to', target, '--out', out]
    expect((await run(...given)).stdout).toMatch(/euler at 5 NFE for .*README.md says how to use it/)
    expect(readdirSync(out).sort()).toEqual(['README.md', '__init__.py', 'table.json'])
    expect(JSON.parse(readFileSync(join(out, 'table.json'), 'utf8'))).toMatchObject({ format: 'epd-run table' })
    expect(await run(...given)).toMatchObject({ code: 2, stderr: expect.stringMatching(/is there already/) as unknown })
  })

  it('is taken away under a name of its own where none is given, and says its files as JSON', async () => {
    const { stdout } = await epdRun(['export', `${id}/epd@nfe=3`, '--to', 'numpy', '--store', store, '--json'], {
      cwd: folder
    })
    const { folder: made } = JSON.parse(stdout) as { folder: string }
    expect(made).toMatch(/^numpy_table_\w+_epd_nfe_3$/)
    expect(readdirSync(join(folder, made))).toContain('__init__.py')
  })

  it('of AMED is no table: it is refused by name, and its JSON says why', async () => {
    const refused = await run('export', `${id}/amed@nfe=3`, '--to', 'diffusers', '--out', join(folder, 'amed'))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/amed is no table: its times depend on what the network of AMED sees/)
    expect(JSON.parse((await run('export', `${id}/amed@nfe=3`, '--to', 'json')).stdout)).toHaveProperty('noTable')
  })

  it('of the paper is written to stdout as JSON, and can be used where there is no store', async () => {
    const { stdout } = await epdRun(['export', '00001-cifar10-3-3-epd-uni1.0-afs', '--store', join(folder, 'none')])
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'epd-run predictor',
      name: '00001-cifar10-3-3-epd-uni1.0-afs',
      fid: 10.4,
      parameters: { timePoints: [80, expect.any(Number), expect.any(Number)], steps: [{}, {}].map(() => [{}, {}]) },
      table: { start: 80, layers: [[{}, {}], [{}], [{}, {}]] }
    })
    const valid = await epdRun([
      'validate',
      spec('published', using('00001-cifar10-3-3-epd-uni1.0-afs')),
      '--store',
      join(folder, 'none')
    ])
    expect(valid.stdout).toMatch(/samples +sample +epd K=2 at 3 NFE of 00001-cifar10-3-3-epd-uni1.0-afs, seeds 0-3/)
  })
})

it('a distilled predictor is JSON that says what it is for', () => {
  const record = JSON.parse(readFileSync(join(folder, 'epd@nfe=5.json'), 'utf8')) as { solver: object; model: object }
  expect(record).toMatchObject({
    solver: { name: 'epd', base: 'euler', nfe: 5 },
    model: { shape: [3, 16, 16], labelDim: 0 }
  })
})
