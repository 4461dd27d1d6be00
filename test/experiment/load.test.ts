import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSeeds } from '../../src/reading/seeds.js'
import type { Experiment } from '../../src/experiment/experiment.js'
import { STAGE_KINDS, type Stage } from '../../src/stages/registry.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { published } from '../../src/predictors/published.js'
import { changed, errors, file, load, whole } from './spec.js'

const DEFAULT_SCHEDULE = { type: 'time_uniform', rho: 1 }

function stage<Kind extends Stage['kind']>(stages: readonly Stage[], name: string, kind: Kind) {
  const found = stages.find(each => each.name === name)
  if (found?.kind !== kind) throw new Error(`no ${kind} stage ${name}`)
  return found as Extract<Stage, { kind: Kind }>
}

const specs = readdirSync('specs').map(name => `specs/${name}`)

const checkpointOf = ({ model }: Experiment) => ('checkpoint' in model ? model.checkpoint : undefined)

describe('loadExperiment', () => {
  it('puts in every default and resolves every reference', () => {
    const student = {
      ...{ name: 'epd', afs: true, points: 2, scaleDir: 0.05, scaleTime: 0.05, base: 'euler', maxOrder: 3 },
      ...{ schedule: DEFAULT_SCHEDULE, numSteps: 4, nfe: 5 }
    }
    const generator = 'torch-cpu'
    const teacher = { kind: 'teacher', solver: { name: 'heun', afs: false }, refine: 3, substeps: 2, generator }
    const grid = { ...DEFAULT_SCHEDULE, numSteps: 4 }
    const range = (first: number, last: number) => parseSeeds(`${first}-${last}`)
    expect(load(whole)).toEqual({
      name: 'example',
      description: '',
      file,
      text: whole,
      overrides: [],
      ...{ allowMismatch: false, warnings: [] },
      model: { checkpoint: join(dirname(file), 'model.pkl'), engine: 'auto', precision: 'float32' },
      stages: [
        { ...teacher, name: 'teacher', seeds: range(50, 59), grid },
        { ...teacher, name: 'student.validation', seeds: range(60, 69), grid },
        {
          ...{ kind: 'distill', name: 'student', student, teacher: 'teacher', validation: 'student.validation' },
          validationSeeds: range(60, 69),
          optimizer: { name: 'levenberg-marquardt', iterations: 4, finalIterations: 1 },
          ...{ objective: 'final', start: 'uniform', seed: 0, learnSigmas: false }
        },
        {
          ...{ kind: 'sample', name: 'samples', solver: student, from: 'student' },
          ...{ seeds: range(0, 9), generator, batch: 64, images: false }
        },
        {
          ...{ kind: 'sample', name: 'truth', seeds: range(5, 20), generator, batch: 64, images: false },
          solver: { name: 'heun', afs: false, schedule: DEFAULT_SCHEDULE, numSteps: 33, nfe: 64 }
        },
        { kind: 'score', name: 'score', samples: ['samples'], reference: 'truth', groups: 1, metrics: ['psnr'] }
      ]
    })
  })

  it("draws the noise of every stage by the spec's generator", () => {
    const { stages } = load(`generator: torch-cuda\n${whole}`)
    const drawn = stages.flatMap(each => ('generator' in each ? [each.generator] : []))
    expect(drawn).toEqual(['torch-cuda', 'torch-cuda', 'torch-cuda', 'torch-cuda'])
  })

  it('gives a solver the schedule of the top-level one, unless it has its own', () => {
    const { stages } = load(
      whole
        .replace('afs: true }', 'afs: true, schedule: { type: logsnr, sigmaMin: 0.01, sigmaMax: 50 } }')
        .replace(
          'samples: { kind: sample, solver: student,',
          'samples: { kind: sample, solver: { name: euler, nfe: 5 },'
        )
        .replace('numSteps: 33', 'numSteps: 33, schedule: { type: polynomial }')
    )
    const own = { type: 'logsnr', rho: 7, sigmaMin: 0.01, sigmaMax: 50 }
    expect(stage(stages, 'teacher', 'teacher').grid).toEqual({ ...own, numSteps: 4 })
    expect(stage(stages, 'samples', 'sample').solver).toEqual({
      ...{ name: 'euler', afs: false, nfe: 5, numSteps: 6 },
      schedule: own
    })
    expect(stage(stages, 'truth', 'sample').solver.schedule).toEqual({
      ...{ type: 'polynomial', rho: 7 }
    })
  })

  it('starts adam as the paper does, and levenberg-marquardt evenly, unless told', () => {
    const start = (more: string) =>
      stage(load(changed('teacher: teacher,', `teacher: teacher, ${more},`)).stages, 'student', 'distill')
    expect(start('optimizer: { name: adam }')).toMatchObject({
      start: 'normal',
      optimizer: { name: 'adam', lr: 0.2, betas: [0.9, 0.999], batch: 32, trajectories: 10000 }
    })
    expect(start('optimizer: { name: adam }, start: uniform').start).toBe('uniform')
    expect(start('optimizer: { name: levenberg-marquardt }').start).toBe('uniform')
  })

  it('puts each stage after those that it names, and otherwise keeps the order of the file', () => {
    const lines = whole.split('\n')
    const backwards = [...lines.slice(0, 4), ...lines.slice(4, -1).reverse()].join('\n')
    const { stages } = load(backwards)
    expect(stages.map(({ name }) => name)).toEqual([
      ...['teacher', 'student.validation', 'student', 'samples', 'truth', 'score']
    ])
    stages.forEach((each, i) => {
      const before = stages.slice(0, i).map(({ name }) => name)
      expect(before).toEqual(expect.arrayContaining([...STAGE_KINDS.of(each).inputs(each)]))
    })
  })

  it('keeps an address, and finds a path from the folder of the spec', () => {
    const checkpoint = (text: string) => checkpointOf(load(changed('model.pkl', text)))
    expect(checkpoint('https://host.org/model.pkl')).toBe('https://host.org/model.pkl')
    expect(checkpoint('../models/a.pt')).toBe(join(dirname(file), '../models/a.pt'))
    expect(checkpoint('/models/a.pt')).toBe('/models/a.pt')
  })

  it('follows anchors and merges', () => {
    const { stages } = load(
      changed(
        'truth: { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: 5-20 }',
        'truth: &truth { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: 5-20 }\n' +
          '  more: { <<: *truth, seeds: 30 }'
      )
    )
    const truth = stage(stages, 'truth', 'sample')
    expect(stage(stages, 'more', 'sample')).toEqual({ ...truth, name: 'more', seeds: parseSeeds(30) })
  })

  it('overrides values by --set, adding keys and mappings where there are none', () => {
    const set = [
      ...['stages.samples.seeds=5-7', 'stages.student.optimizer={name: adam, lr: 0.1}', 'stages.score.metrics.0=rmse'],
      ...[
        'stages.samples.batch=8',
        'stages.extra={kind: sample, solver: student, seeds: 4}',
        'solver.schedule.type=logsnr'
      ],
      'stages.student.optimizer.batch=16'
    ]
    const { stages, overrides, text } = load(whole, set)
    expect(stage(stages, 'samples', 'sample')).toMatchObject({ seeds: parseSeeds('5-7'), batch: 8 })
    expect(stage(stages, 'student', 'distill').optimizer).toMatchObject({ name: 'adam', lr: 0.1, batch: 16 })
    expect(stage(stages, 'score', 'score').metrics).toEqual(['rmse'])
    expect([...stage(stages, 'extra', 'sample').seeds]).toEqual([4])
    expect(stage(stages, 'teacher', 'teacher').grid.type).toBe('logsnr')
    expect(overrides).toEqual(set)
    expect(text).toBe(whole)
  })

  it('takes the text that it is given in place of the file', () => {
    const { name, file, model } = loadExperiment({ file: '/nowhere/spec.yaml', text: whole })
    expect({ name, file, model }).toMatchObject({ name: 'example', file: '/nowhere/spec.yaml' })
    expect(model).toMatchObject({ checkpoint: '/nowhere/model.pkl' })
  })

  it.each(specs.filter(name => !/table1|neutral|points|best|features/.test(name)))('reads %s', path => {
    const { stages } = loadExperiment({ file: path })
    const names = ['teacher', 'student.validation', 'student', 'samples', 'euler', 'reference', 'score']
    const plain = new Set(stages.map(({ name }) => name.replace(/@.*/, '')))
    expect([...plain].filter(name => names.includes(name))).toEqual(names)
    for (const each of stages) {
      const nfe = /nfe=?([0-9])/.exec(each.name)?.[1] ?? '5'
      if (each.kind === 'sample' && each.name !== 'reference') expect(each.solver.nfe).toBe(Number(nfe))
    }
  })
})

describe('the specs on fashion28', () => {
  const learned = (file: string) => loadExperiment({ file }).stages.filter(each => each.kind === 'distill')
  const all = learned('specs/table1-fashion28.yaml')

  it('learn nothing for the best solvers that the table of all has not learned', () => {
    const best = learned('specs/best-fashion28.yaml')
    expect(best).toHaveLength(12)
    for (const stage of best) expect(all).toContainEqual(stage)
  })

  it('learn by features beside what the table of all has learned by pixels', () => {
    const stages = learned('specs/features-fashion28.yaml')
    const byPixels = stages.filter(({ features }) => features === undefined)
    expect([stages.length, byPixels.length]).toEqual([8, 4])
    for (const stage of byPixels) expect(all).toContainEqual(stage)
  })
})

describe('the specs of tables on shapes16', () => {
  const samplesOf = (file: string) => loadExperiment({ file }).stages.filter(each => each.kind === 'sample')

  it('train the strongest solvers three times, at each NFE', () => {
    const samples = samplesOf('specs/neutral-shapes16.yaml')
    for (const solver of ['EPD-Solver', 'EPD-Plugin', 'UniPC+steps', 'DEIS+steps', 'BNS'])
      for (const nfe of [3, 5, 7, 9])
        for (const training of ['first', 'second', 'third']) {
          const found = samples.find(({ name }) => name === `samples@nfe=${nfe},training=${training},solver=${solver}`)
          expect(found?.solver.nfe, `${solver} at ${nfe}, ${training}`).toBe(nfe)
        }
  })

  it('learn tables with 1, 2 and 3 points', () => {
    const samples = samplesOf('specs/points-shapes16.yaml').filter(({ name }) => name !== 'reference')
    expect(samples.map(({ solver: { nfe, points } }) => [nfe, points])).toEqual(
      [3, 5].flatMap(nfe => [1, 2, 3].map(points => [nfe, points]))
    )
  })
})

describe('the specs of Table 1', () => {
  const compared = [
    'DDIM',
    'EDM',
    'DPM-Solver-2',
    'AMED-Solver',
    'DPM-Solver++(3M)',
    'UniPC',
    'iPNDM',
    'AMED-Plugin',
    'ParaDiGMS'
  ]

  it.each(specs.filter(name => name.includes('table1')))('%s has a row for each solver at each NFE', path => {
    const samples = loadExperiment({ file: path, predictors: published }).stages.filter(each => each.kind === 'sample')
    for (const solver of [...compared, 'EPD-Solver', 'EPD-Plugin'])
      for (const nfe of [3, 5, 7, 9]) {
        const found = samples.find(({ name }) => name === `samples@nfe=${nfe},solver=${solver}`)
        expect(found?.solver.nfe, `${solver} at ${nfe}`).toBe(nfe)
      }
  })

  it.each(['cifar10', 'ffhq', 'imagenet64', 'lsun_bedroom_ldm'])(
    'of %s uses the predictors that were published for it',
    dataset => {
      const { stages } = loadExperiment({ file: `specs/table1-${dataset}.yaml`, predictors: published })
      const used = stages.flatMap(each => (each.kind === 'sample' && each.predictor ? [each.predictor] : []))
      expect(used).toHaveLength(8)
      expect(new Set(used.map(({ name }) => name)).size).toBe(8)
      expect(used.every(({ model }) => model.dataset === dataset)).toBe(true)
    }
  )
})

describe('a score stage with fid', () => {
  const fid = (more = '') =>
    load(changed('metrics: [psnr]', `metrics: [fid], features: { weights: inception.pth }${more}`)).stages

  it('has stages made for it that hold the features of its samples, and of the reference it compares with', () => {
    const stages = fid()
    expect(stages.slice(-3).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'features score.samples',
      'features score.truth',
      'score score'
    ])
    expect(stages.at(-3)).toMatchObject({ samples: 'samples', preparation: 'tensorflow' })
    expect(stages.at(-1)).toMatchObject({ features: { samples: ['score.samples'], reference: 'score.truth' } })
  })

  it('compares with statistics where they are given, and looks at no features of a reference', () => {
    const stages = fid(', statistics: https://example.org/real.npz')
    expect(stages.map(({ name }) => name)).not.toContain('score.truth')
    expect(stages.at(-1)).toMatchObject({ statistics: 'https://example.org/real.npz' })
  })
})

describe('a file with its digest', () => {
  const HEX = 'ab'.repeat(32)
  const onnx = 'inputs: { x: x, noise: t }, predicts: x0, noise: { type: sigma, sigmaMin: 0.01, sigmaMax: 50 }'
  const scored = 'reference: truth, metrics: [psnr]'
  const inception = '{ weights: FILE }, statistics: statistics.npz'
  const prompts = (text: string) => text.replace('solver:', 'prompts: { csv: FILE, column: text }\nsolver:')

  it.each<[string, string]>([
    ['model.checkpoint', changed('model.pkl', 'FILE')],
    ['model.guidance.classifier', changed('model.pkl', 'model.pkl, guidance: { classifier: FILE }')],
    ['model.onnx', changed('checkpoint: model.pkl', `onnx: FILE, ${onnx}`)],
    ['prompts.csv', prompts(whole)],
    ['features.weights', changed(scored, `features: ${inception}, metrics: [fid]`)],
    ['statistics', changed(scored, 'features: { weights: w.pkl }, statistics: FILE, metrics: [fid]')],
    ['clip', prompts(changed(scored, 'clip: FILE, metrics: [clip-score]')).replace('csv: FILE', 'csv: p.csv')],
    [
      'an axis of the matrix',
      `${whole}matrix: { data: { a: FILE, b: s.npz } }\n`.replace(
        scored,
        'features: { weights: w.pkl }, statistics: matrix.data, metrics: [fid]'
      )
    ]
  ])('may stand as a mapping in %s', (_, spec) => {
    for (const url of ['https://host/some.file', 'hf:owner/name@v1/some.file']) {
      const asText = load(spec.replace('FILE', `'${url}#sha256=${HEX}'`))
      const asMapping = load(spec.replace('FILE', `{ url: '${url}', sha256: ${HEX} }`))
      expect(JSON.stringify(asText)).toContain(`${url}#sha256=${HEX}`)
      expect({ ...asMapping, text: '' }).toEqual({ ...asText, text: '' })
    }
  })

  it.each([
    [`{ url: model.pkl, sha256: ${HEX} }`, 'found a mapping'],
    ["{ url: 'https://host/model.pkl' }", 'found a mapping'],
    ["{ url: 'https://host/model.pkl', sha256: abc }", 'found "https://host/model.pkl#sha256=abc"'],
    [`{ url: 'hf:owner/name', sha256: ${HEX} }`, 'found "hf:owner/name#sha256=']
  ])('%s is refused', (written, found) => {
    expect(errors(changed('model.pkl', written)).join()).toContain(found)
  })
})
