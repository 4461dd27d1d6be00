import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { changed, errors, faults, whole } from './spec.js'

const SEEDS = 'seeds such as 0-1023 or 1,2,5-10'

/** What is changed in the example, by what, and all that is said about it. */
const WRONG: readonly [piece: string, by: string, ...lines: string[]][] = [
  [
    'name: example',
    'name: my example',
    '1:7: name: expected a name of letters, digits, dots, dashes and underscores, found "my example"'
  ],
  [
    'model: {',
    'modl: {',
    '1:1: model: expected a mapping, found nothing',
    '2:1: modl: expected one of the keys name, description, model, plugins, prompts, execution, generator, solver, matrix, stages, found "modl"; did you mean "model"?'
  ],
  ['{ checkpoint: model.pkl }', 'model.pkl', '2:8: model: expected a mapping, found "model.pkl"'],
  [
    'model.pkl',
    'http://host.org/model.pkl',
    '2:22: model.checkpoint: expected a path from the spec\'s folder, an https:// address or hf:owner/name (the last two also with #sha256= and 64 digits, or as { url, sha256 }), found "http://host.org/model.pkl"'
  ],
  [
    'model.pkl',
    'model.pkl, engine: onxx',
    '2:41: model.engine: expected "auto", "onnx" or "tfjs", found "onxx"; did you mean "onnx"?'
  ],
  [
    'name: epd',
    'name: edp',
    '3:17: solver.name: expected "euler", "heun", "dpm2", "ipndm", "dpmpp", "unipc", "deis", "paradigms", "epd", "amed", "pas", "bns", "dyweight" or "table", found "edp"; did you mean "epd"?'
  ],
  [
    'name: epd, ',
    '',
    '3:1: solver.name: expected "euler", "heun", "dpm2", "ipndm", "dpmpp", "unipc", "deis", "paradigms", "epd", "amed", "pas", "bns", "dyweight" or "table", found nothing'
  ],
  ['nfe: 5', 'nfe: 4', '3:27: solver.nfe: expected an nfe that epd with afs can meet, such as 3 or 5, found 4'],
  ['nfe: 5', 'nfe: 1, numSteps: 2', '3:22: solver.nfe: expected nfe or numSteps, found both'],
  ['nfe: 5, ', '', '3:9: solver: expected nfe or numSteps, found neither'],
  ['nfe: 5', 'nfe: five', '3:27: solver.nfe: expected a whole number from 1 to 10000, found "five"'],
  ['nfe: 5', 'numSteps: 1', '3:32: solver.numSteps: expected a whole number from 2 to 10000, found 1'],
  ['afs: true', 'afs: yes', '3:35: solver.afs: expected true or false, found "yes"'],
  ['afs: true', 'afs: true, scaleDir: 1', '3:51: solver.scaleDir: expected a number from 0 to below 1, found 1'],
  [
    'afs: true',
    'afs: true, point: 2',
    '3:41: solver.point: expected one of the keys name, nfe, numSteps, schedule, afs, coordinates, points, scaleDir, scaleTime, base, maxOrder, thresholding, found "point"; did you mean "points"?'
  ],
  [
    'afs: true',
    'afs: true, schedule: { rho: 2 }',
    '3:41: solver.schedule.type: expected "polynomial", "logsnr", "time_uniform", "discrete", "flowmatch" or "explicit", found nothing'
  ],
  [
    'afs: true',
    'afs: true, schedule: { type: logsnr, sigmaMin: 0.002, sigmaMax: 0.001 }',
    '3:77: solver.schedule.sigmaMin: expected sigmaMin below sigmaMax, found 0.002 and 0.001'
  ],
  [
    'afs: true',
    'afs: true, schedule: { type: time_uniform, sigmaMin: 0.9, sigmaMax: 1 }',
    '3:51: solver.schedule: expected a noise range that time_uniform can cross, found one where time_uniform does not fall from 1 to 0.9: widen the range'
  ],
  [
    'kind: teacher,',
    'kind: teach,',
    '5:20: stages.teacher.kind: expected "teacher", "distill", "sample" or "score", found "teach"; did you mean "teacher"?'
  ],
  [
    'kind: teacher,',
    'kind: teacher, solver: { name: heun, nfe: 5 },',
    '5:51: stages.teacher.solver.nfe: expected one of the keys name, afs, coordinates, found "nfe"'
  ],
  [
    'kind: teacher,',
    'kind: teacher, solver: { name: epd },',
    '5:45: stages.teacher.solver.name: expected "euler", "heun", "dpm2" or "ipndm", found "epd"'
  ],
  ['50-59', '50..59', `5:36: stages.teacher.seeds: expected ${SEEDS}, found "50..59"`],
  ['50-59', '59-50', '5:36: stages.teacher.seeds: expected a range that rises, such as 50-59, found 59-50'],
  ['50-59', '[1, 0-3]', '5:36: stages.teacher.seeds: expected each seed once, found 1 twice'],
  ['50-59', '[1, x]', '5:40: stages.teacher.seeds.1: expected a seed or a range of seeds, found "x"'],
  ['50-59', '-1', `5:36: stages.teacher.seeds: expected ${SEEDS}, each from 0 to 4294967295, found -1`],
  ['50-59', '4294967296', `5:36: stages.teacher.seeds: expected ${SEEDS}, each from 0 to 4294967295, found 4294967296`],
  ['50-59', '', `5:29: stages.teacher.seeds: expected ${SEEDS}, found nothing`],
  [
    'teacher: teacher',
    'teacher: techer',
    '6:38: stages.student.teacher: expected the name of a teacher stage (teacher), found "techer"; did you mean "teacher"?'
  ],
  [
    'teacher: teacher',
    'teacher: truth',
    '6:38: stages.student.teacher: expected the name of a teacher stage (teacher), found "truth", a sample stage'
  ],
  [
    'teacher: teacher,',
    'teacher: teacher, solver: { name: epd, nfe: 7, afs: true },',
    '6:55: stages.student.solver: expected the time points of teacher "teacher" (4 time_uniform rho 1 over the model\'s range), found 5 time_uniform rho 1 over the model\'s range; a teacher whose student is this solver has them'
  ],
  [
    'teacher: teacher,',
    'teacher: teacher, solver: { name: heun, nfe: 6 },',
    '6:55: stages.student.solver: expected an epd, amed, pas or bns solver, or with learnSigmas any but paradigms, found "heun"'
  ],
  [
    'name: epd',
    'name: dpm2',
    '6:3: stages.student.solver: expected an epd, amed, pas or bns solver, or with learnSigmas any but paradigms, found "dpm2", the top-level one'
  ],
  [
    'validation: 60-69',
    'validation: 59-69',
    '6:59: stages.student.validation: expected seeds that stage "teacher" does not have, found 59 in both'
  ],
  [
    'teacher: teacher,',
    'teacher: teacher, optimizer: { name: adam, betas: [0.9, 1] },',
    '6:85: stages.student.optimizer.betas.1: expected a number from 0 to below 1, found 1'
  ],
  [
    'teacher: teacher,',
    'teacher: teacher, optimizer: { name: adam, iterations: 3 },',
    '6:72: stages.student.optimizer.iterations: expected one of the keys name, lr, betas, batch, trajectories, found "iterations"'
  ],
  [
    'solver: student',
    'solver: studnt',
    '7:36: stages.samples.solver: expected a solver, { from: "predictor:NAME" }, or the name of a distill stage (student), found "studnt"; did you mean "student"?'
  ],
  [
    'solver: student',
    'solver: { name: epd, nfe: 5, afs: true }',
    '7:36: stages.samples.solver: expected the name of a distill stage, or { from: "predictor:NAME" }, from which epd takes what was learned, found a mapping'
  ],
  [
    'solver: student, ',
    '',
    '7:3: stages.samples.solver: expected the name of a distill stage, or { from: "predictor:NAME" }, from which epd takes what was learned, found nothing'
  ],
  ['solver: student', 'solver: 3', '7:36: stages.samples.solver: expected a solver, found 3'],
  [
    'seeds: 0-9',
    'seeds: 0-4',
    '9:35: stages.score.samples.0: expected a stage with seeds of reference "truth", found "samples" with none of them'
  ],
  ['[samples]', '[samples, samples]', '9:44: stages.score.samples.1: expected each entry once, found "samples" again'],
  ['[samples]', '[]', '9:34: stages.score.samples: expected a list of sample stages, found an empty list'],
  [
    '[psnr]',
    '[psnr, is]',
    '9:79: stages.score.metrics.1: expected "rmse", "psnr", "fid", "kid", "precision", "recall", "clip-score", "frechet-pixels", "frechet-fashion" or "class-accuracy", found "is"'
  ],
  ['[psnr]', '[psnr, fid]', '9:3: stages.score.features: expected { weights: ... }, found nothing, which fid needs'],
  [
    'reference: truth, metrics: [psnr]',
    'metrics: [fid], features: { weights: inception.pth }',
    '9:3: stages.score.statistics: expected an .npz of statistics, or a reference, found nothing, which fid needs'
  ],
  [
    'reference: truth, metrics: [psnr]',
    'metrics: [kid], features: { weights: inception.pth }, statistics: real.npz',
    '9:3: stages.score.reference: expected the name of a sample stage, found nothing, which kid needs'
  ],
  [
    '[psnr]',
    '[fid], features: { weights: inception.pth, preparation: tf }',
    '9:128: stages.score.features.preparation: expected "tensorflow", "pytorch" or "clean", found "tf"'
  ],
  [
    '[psnr]',
    '[frechet-fashion]',
    '9:3: stages.score.features: expected { network: fashion28 }, found nothing, which frechet-fashion needs'
  ],
  [
    '[psnr]',
    '[kid]',
    '9:3: stages.score.features: expected { weights: ... } or { network: fashion28 }, found nothing, which kid needs'
  ],
  [
    '[psnr]',
    '[psnr, fid], features: { network: fashion28 }',
    '9:79: stages.score.metrics.1: expected a metric of the features of fashion28, such as frechet-fashion, found "fid", which compares those of inception-v3; it needs features: { weights: ... }'
  ],
  [
    '[psnr]',
    '[frechet-fashion], features: { weights: inception.pth }',
    '9:73: stages.score.metrics.0: expected a metric of the features of inception-v3, such as fid, found "frechet-fashion", which compares those of fashion28; it needs features: { network: fashion28 }'
  ],
  [
    '[psnr]',
    '[kid], features: { network: fashion28, weights: inception.pth }',
    '9:111: stages.score.features.weights: expected one of the keys network, found "weights"'
  ],
  [
    '[psnr]',
    '[kid], features: { network: fashion }',
    '9:100: stages.score.features.network: expected "inception-v3" or "fashion28", found "fashion"; did you mean "fashion28"?'
  ],
  [
    'reference: truth, metrics: [psnr]',
    'metrics: [psnr, rmse]',
    '9:3: stages.score.reference: expected the name of a sample stage, found nothing, which psnr and rmse need'
  ],
  [
    'reference: truth, metrics: [psnr]',
    'metrics: [frechet-pixels]',
    '9:3: stages.score.dataset: expected { name: shapes16 }, or a reference, found nothing, which frechet-pixels needs'
  ],
  [
    '[psnr]',
    '[fid], features: { weights: inception.pth }, groups: 6',
    '9:35: stages.score.samples.0: expected a stage with 2 seeds or more in each of 6 groups, found "samples" with 10'
  ],
  [
    '5-20 }\n  score: { kind: score, samples: [samples], reference: truth, metrics: [psnr]',
    '5-7 }\n  score: { kind: score, samples: [samples], reference: truth, features: { weights: a.pth }, metrics: [recall]',
    '9:56: stages.score.reference: expected a stage with 4 seeds or more, found "truth" with 3'
  ],
  [
    'seeds: 0-9 }\n  truth: { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: 5-20 }\n  score: { kind: score, samples: [samples], reference: truth, metrics: [psnr]',
    'seeds: 9 }\n  truth: { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: 5-20 }\n  score: { kind: score, samples: [samples], reference: truth, features: { weights: a.pth }, metrics: [kid]',
    '9:35: stages.score.samples.0: expected a stage with 2 seeds or more, found "samples" with 1'
  ],
  [
    '[samples]',
    '[truth]',
    '9:35: stages.score.samples.0: expected a stage other than the reference, from which psnr is infinite, found "truth"'
  ],
  [
    '[psnr]',
    '[psnr, clip-score], clip: folder',
    '9:79: stages.score.metrics.1: expected prompts at the top of the spec, which clip-score compares images with, found nothing'
  ],
  [
    'metrics',
    'dataset: { name: shapes }, metrics',
    '9:80: stages.score.dataset.name: expected "shapes16", found "shapes"; did you mean "shapes16"?'
  ],
  [
    '  score:',
    '  1st:',
    '9:3: stages.1st: expected a name of letters, digits, dashes and underscores that begins with a letter, found "1st"'
  ],
  [
    'solver:',
    'matrix: { nfe: { "5 steps": 5 } }\nsolver:',
    '3:18: matrix.nfe.5 steps: expected a name of letters, digits, and . _ + ( ) - that begins with a letter or digit, found "5 steps"'
  ],
  ['afs: true', 'afs: true, afs: true', '3:41: expected each key once, found "afs" again'],
  ['name: example', 'name: !js example', '1:7: expected no tag, found "!js"'],
  ['model.pkl', '*nothing', '2:22: not YAML that can be read: there is no anchor &nothing before *nothing']
]

describe('a wrong spec', () => {
  it.each(WRONG)('%s -> %s', (piece, by, ...lines) => {
    expect(errors(changed(piece, by))).toEqual(lines)
  })

  it('names the circle that its stages stand in', () => {
    expect(errors(changed('teacher: teacher', 'teacher: samples'))).toEqual([
      '6:38: stages.student.teacher: expected the name of a teacher stage (teacher), found "samples", a sample stage',
      '7:36: stages.samples.solver: expected no circle of stages, found "student" -> "samples" -> "student"'
    ])
  })

  it('is told everything at once, in the order of the file', () => {
    const spec = whole
      .replace('nfe: 5', 'nfe: 4, point: 1')
      .replace('seeds: 50-59', 'seeds: 5-3, refin: 3')
      .replace('solver: student', 'solver: studet')
      .replace('metrics: [psnr]', 'metrics: [psnrr]')
    expect(errors(spec).map(line => line.replace(/: expected.*/, ''))).toEqual([
      ...['3:27: solver.nfe', '3:30: solver.point', '5:36: stages.teacher.seeds', '5:41: stages.teacher.refin'],
      ...['7:36: stages.samples.solver', '9:73: stages.score.metrics.0']
    ])
  })

  it.each([
    ['', 'nothing'],
    ['# only a comment\n', 'nothing'],
    ['text', '"text"'],
    ['[1]', 'a list']
  ])('is a mapping, not %j', (yaml, found) => {
    const expected = 'an experiment, a mapping with name, model, solver and stages'
    expect(errors(yaml)).toEqual([`1:1: expected ${expected}, found ${found}`])
  })

  it('is one YAML document of text, of a size that can be held', () => {
    const lines = Array.from('bcdefg').map((key, i) => bombLine(key, 'abcdef'[i]))
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...lines].join('\n')
    expect(errors(bomb)).toEqual([
      expect.stringMatching(/^1:1: expected at most 1,000,000 values, found 12,345,\d+; divide it$/)
    ])
    expect(errors('a: &a [*a]')).toEqual(['1:8: not YAML that can be read: *a stands within what it names'])
    expect(errors('a: [1')).toEqual([expect.stringMatching(/^1:6: not YAML that can be read: /)])
    expect(errors('a: 1\n---\nb: 2')).toEqual(['2:1: expected one document, found another'])
    expect(errors(Uint8Array.of(0xff, 0xfe))).toEqual([
      expect.stringMatching(/ not UTF-8 text; give a YAML experiment$/)
    ])
    expect(errors('['.repeat(100_000)).length).toBeLessThanOrEqual(5)
  })

  it('is a file', () => {
    const fail = (file: string, message: string) => {
      expect(() => loadExperiment({ file })).toThrow(new EpdError('spec-invalid', message))
    }
    fail('specs/shapes-nfe5.yaml', 'specs/shapes-nfe5.yaml: no such file; did you mean "specs/shapes16-nfe5.yaml"?')
    fail('nowhere/at/all.yaml', 'nowhere/at/all.yaml: no such file; give the path of a YAML experiment')
    fail('specs', 'specs: is a folder; name a file in it')
  })
})

const bombLine = (key: string, of: string) => `${key}: &${key} [${Array(10).fill(`*${of}`).join(',')}]`

describe('a wrong --set', () => {
  it('of 50,000 keys is refused in a short line', () => {
    const [line, ...others] = errors(whole, [`${'a.'.repeat(50_000)}b=1`])
    expect(line).toMatch(/^set (a\.){48}[a.]*: expected a path of at most 50 keys, found 50001$/)
    expect(others).toEqual([])
  })

  it.each([
    ['seeds', 'expected path=value, such as stages.samples.seeds=0-63, found "seeds"'],
    ['=3', 'expected path=value, such as stages.samples.seeds=0-63, found "=3"'],
    ['a.=3', 'expected path=value, such as stages.samples.seeds=0-63, found "a.=3"'],
    ['name=[', 'name: the value is not YAML that can be read: Flow sequence must end with a ]'],
    [
      'stages.sample.seeds=3',
      'stages.sample.seeds: expected the name of a stage (teacher, student, samples, truth, score), found "sample"; did you mean "samples"?'
    ],
    [
      'stages.samples.seed=3',
      'stages.samples.seed: expected one of the keys kind, solver, seeds, batch, labels, images, found "seed"; did you mean "seeds"?'
    ],
    ['stages.samples.seeds=9-3', 'stages.samples.seeds: expected a range that rises, such as 3-9, found 9-3'],
    ['stages.samples.solver.nfe=3', 'stages.samples.solver.nfe: expected a mapping, found "student"'],
    ['stages.score.metrics.4=rmse', 'stages.score.metrics.4: expected a place from 0 to 1, found "4"'],
    ['solver.nfe=4', 'solver.nfe: expected an nfe that epd with afs can meet, such as 3 or 5, found 4'],
    [
      'modl.engine=onnx',
      'modl: expected one of the keys name, description, model, plugins, prompts, execution, generator, solver, matrix, stages, found "modl"; did you mean "model"?'
    ],
    [
      '__proto__.x=1',
      '__proto__: expected one of the keys name, description, model, plugins, prompts, execution, generator, solver, matrix, stages, found "__proto__"'
    ]
  ])('%s', (set, message) => {
    expect(errors(whole, [set])).toEqual([`set ${set}: ${message}`])
    expect(faults(whole, [set])).toMatchObject([{ subject: 'set' }])
  })

  it('is told of where it nests deeper than a spec may', () => {
    const deep = `${'['.repeat(48)}${']'.repeat(48)}`
    const [first, ...rest] = errors(whole, [`description.a.b.c=${deep}`])
    expect(first).toMatch(/^set description\.a.*: expected at most 50 levels within each other, found more$/)
    expect(rest).toEqual([])
  })
})
