import { describe, expect, it } from 'vitest'
import { publishedPredictors } from '../../src/predictors/published.js'
import type { DistillStage } from '../../src/stages/distill.js'
import type { SampleStage } from '../../src/stages/sample.js'
import { changed, errors, faults, load, whole } from './spec.js'

const student = (options: string) => changed('teacher: teacher,', `teacher: teacher, ${options},`)
const sampled = (solver: string) => changed('solver: student', `solver: ${solver}`)
const distilled = (yaml: string) => load(yaml).stages.find((each): each is DistillStage => each.kind === 'distill')
const samples = (yaml: string, more = {}) =>
  load(yaml, [], more).stages.find((each): each is SampleStage => each.name === 'samples')

const PUBLISHED = '00002-cifar10-4-5-epd-uni1.0-afs'

describe('a distill stage', () => {
  it('learns time points from end to end, for longer than it fits parameters alone', () => {
    expect(distilled(student('learnSigmas: true'))).toMatchObject({
      learnSigmas: true,
      student: { name: 'epd' },
      optimizer: { name: 'levenberg-marquardt', iterations: 4, finalIterations: 10 }
    })
  })

  it('learns time points of a solver without parameters, from a teacher with the same ends', () => {
    const stage = distilled(student('learnSigmas: true, solver: { name: ipndm, nfe: 5, afs: true }'))
    expect(stage?.student).toMatchObject({ name: 'ipndm', numSteps: 7, nfe: 5 })
    const taught = whole.replace(
      'afs: true }',
      'afs: true, schedule: { type: time_uniform, sigmaMin: 0.002, sigmaMax: 80 } }'
    )
    const other = 'learnSigmas: true, solver: { name: ipndm, nfe: 5, schedule: { type: logsnr, sigmaMax: 50 } },'
    expect(errors(taught.replace('teacher: teacher,', `teacher: teacher, ${other}`))).toEqual([
      '6:74: stages.student.solver: expected the time points of teacher "teacher" (from 80 to 0.002), found from 50 to the model\'s last; a teacher whose student is this solver has them'
    ])
  })

  it('searches time points among those that a teacher keeps, and starts from such a search', () => {
    const searched = changed(
      'teacher: teacher,',
      'teacher: teacher, learnSigmas: true, solver: { name: ipndm, nfe: 3 }, optimizer: { name: search },'
    ).replace('{ kind: teacher', '{ kind: teacher, keep: refined')
    expect(distilled(searched)).toMatchObject({
      student: { name: 'ipndm', numSteps: 4 },
      optimizer: { name: 'search' }
    })
    const more = `${searched}  again: { kind: distill, teacher: teacher, learnSigmas: true, startFrom: student, solver: { name: deis, nfe: 3 }, validation: 60000 }\n`
    expect(load(more).stages.find(({ name }) => name === 'again')).toMatchObject({
      startFrom: 'student',
      optimizer: { name: 'levenberg-marquardt', finalIterations: 10 }
    })
  })

  it.each([
    ['startFrom: first, solver: { name: deis, nfe: 4 }', 'a stage with 5 time points, as deis has here, found 4'],
    ['startFrom: plain, solver: { name: deis, nfe: 3 }', 'a distill stage that has learned time points, found "plain"'],
    [
      'startFrom: first, solver: { name: deis, nfe: 3, schedule: { type: logsnr, sigmaMin: 0.01 } }',
      'time points from the model\'s first to 0.01, found "from the model\'s first to 0.002"'
    ],
    [
      'startFrom: first, solver: { name: deis, nfe: 3 }, optimizer: { name: search }',
      'none with search, which starts from nothing, found "first"'
    ]
  ])('refuses time points to start from: %s', (options, message) => {
    const text = `name: starts
model: { checkpoint: a.pkl }
solver: { name: epd, nfe: 5, afs: true, schedule: { type: time_uniform, sigmaMin: 0.002 } }
stages:
  teacher: { kind: teacher, keep: refined, seeds: 0-9 }
  first: { kind: distill, teacher: teacher, learnSigmas: true, solver: { name: ipndm, nfe: 3 }, optimizer: { name: search }, validation: 20 }
  plain: { kind: distill, teacher: teacher, validation: 20 }
  again: { kind: distill, teacher: teacher, learnSigmas: true, validation: 20, ${options} }
`
    expect(errors(text).filter(line => line.includes('startFrom'))).toEqual([
      expect.stringContaining(`stages.again.startFrom: expected ${message}`)
    ])
  })

  it.each([
    [
      'solver: { name: ipndm, nfe: 3 }, features: { weights: inception.pth }',
      'features: expected none with search, which compares pixels, found a mapping'
    ],
    [
      'solver: { name: ipndm, nfe: 30 }',
      'teacher: expected a teacher that keeps 31 states or more, as the student has time points, found 13; raise its refine'
    ]
  ])('refuses a search with %s', (options, message) => {
    const searched = changed(
      'teacher: teacher,',
      `teacher: teacher, learnSigmas: true, optimizer: { name: search }, ${options},`
    ).replace('{ kind: teacher', '{ kind: teacher, keep: refined')
    expect(errors(searched)).toEqual([expect.stringContaining(`stages.student.${message}`)])
  })

  it('says nothing of what it does not use', () => {
    expect(distilled(student('learnSigmas: true'))).not.toHaveProperty('startFrom')
    expect(load(whole).stages.find(({ kind }) => kind === 'teacher')).not.toHaveProperty('keep')
  })

  it('trains amed by the recipe of its authors', () => {
    expect(distilled(student('solver: { name: amed, nfe: 5, afs: true }'))).toMatchObject({
      student: { name: 'amed', scaleDir: 0.01, scaleTime: 0, maxOrder: 3, numSteps: 4, nfe: 5 },
      optimizer: { name: 'adam', lr: 0.005, batch: 32, trajectories: 10000 }
    })
  })

  it('fits the coordinates of pas step by step', () => {
    expect(distilled(student('solver: { name: pas, nfe: 2, afs: true, base: ipndm }'))).toMatchObject({
      student: { name: 'pas', components: 4, base: 'ipndm', maxOrder: 3, numSteps: 4, nfe: 2 },
      optimizer: { name: 'least-squares', tolerance: 1e-4 }
    })
  })

  it.each([
    [
      'solver: { name: ipndm, nfe: 5, afs: true }',
      '55: stages.student.solver: expected an epd, amed, pas or bns solver, or with learnSigmas any but paradigms, found "ipndm"'
    ],
    [
      'learnSigmas: true, solver: { name: paradigms, nfe: 5, numSteps: 9 }',
      '74: stages.student.solver: expected an epd, amed, pas or bns solver, or with learnSigmas any but paradigms, found "paradigms"'
    ],
    [
      'learnSigmas: true, optimizer: { name: adam }',
      '77: stages.student.optimizer: expected levenberg-marquardt, which alone learns time points, found "adam"'
    ],
    [
      'learnSigmas: true, optimizer: { name: levenberg-marquardt, finalIterations: 0 }',
      '77: stages.student.optimizer: expected finalIterations of 1 or more, which learn the time points, found 0'
    ],
    [
      'learnSigmas: true, objective: every',
      '77: stages.student.objective: expected final with learnSigmas, found "every"'
    ],
    [
      'learnSigmas: true, solver: { name: heun, numSteps: 2 }',
      '60: stages.student.learnSigmas: expected a student with 3 time points or more, so that some lie between the ends, found 2'
    ],
    [
      'solver: { name: amed, nfe: 5, afs: true }, optimizer: { name: levenberg-marquardt }',
      '101: stages.student.optimizer: expected adam, which alone trains amed, found "levenberg-marquardt"'
    ],
    [
      'solver: { name: amed, nfe: 5, afs: true }, learnSigmas: true',
      '103: stages.student.learnSigmas: expected false for amed, found true'
    ],
    [
      'solver: { name: amed, nfe: 5, afs: true }, objective: every',
      '101: stages.student.objective: expected final for amed, which looks at every step whatever it is, found "every"'
    ],
    [
      'solver: { name: amed, nfe: 5, afs: true }, features: { weights: inception.pth }',
      '100: stages.student.features: expected none for amed, which compares pixels after every step, found a mapping'
    ],
    [
      'solver: { name: pas, nfe: 2, afs: true }, optimizer: { name: adam }',
      '100: stages.student.optimizer: expected least-squares, which alone trains pas, found "adam"'
    ],
    [
      'solver: { name: pas, nfe: 2, afs: true }, start: normal',
      '96: stages.student.start: expected none for pas, which starts from its base, found "normal"'
    ],
    [
      'learnSigmas: true, solver: { name: ipndm, nfe: 5 }, optimizer: { name: search }',
      '38: stages.student.teacher: expected a teacher with keep: refined, whose states are searched, found "teacher"'
    ],
    [
      'learnSigmas: true, startFrom: student',
      '77: stages.student.startFrom: expected none for epd, whose steps are fitted at its teacher\'s time points, found "student"'
    ],
    [
      'solver: { name: pas, nfe: 5 }',
      '55: stages.student.solver: expected the time points of teacher "teacher" (4 time_uniform rho 1 over the model\'s range), found 6 time_uniform rho 1 over the model\'s range; a teacher whose student is this solver has them'
    ]
  ])('refuses %s', (options, message) => {
    expect(errors(student(options))).toEqual([`6:${message}`])
  })
})

describe('a table that is learned', () => {
  const other = 'solver: { name: epd, nfe: 5, afs: true, points: 2 }'
  const from = (start: string, more = '') => `solver: { name: bns, nfe: 5, start: ${start}${more} }`

  it('starts from iPNDM of order 3, at as many NFE and on its own schedule', () => {
    const stage = distilled(student('solver: { name: bns, nfe: 5, schedule: { type: logsnr } }'))
    expect(stage).toMatchObject({
      student: { name: 'bns', points: 1, firstPoints: 1, free: 'all', nfe: 5, numSteps: 6 },
      begin: { solver: { name: 'ipndm', maxOrder: 3, afs: false, nfe: 5, numSteps: 6, schedule: { type: 'logsnr' } } },
      optimizer: { name: 'levenberg-marquardt', finalIterations: 20 }
    })
    expect(stage?.student.start).toBeUndefined()
  })

  it('may start from any linear solver, on time points of its own', () => {
    const start = '{ name: dpmpp, thresholding: false, afs: true, schedule: { type: polynomial } }'
    expect(distilled(student(from(start)))?.begin?.solver).toMatchObject({
      name: 'dpmpp',
      numSteps: 7,
      nfe: 5,
      schedule: { type: 'polynomial', rho: 7 }
    })
  })

  it('may start from a predictor, whose numbers are part of its key', () => {
    const yaml = student(from(`{ from: "predictor:${PUBLISHED}" }`, ', points: 2, firstPoints: 2'))
    const { begin } = distilled(yaml) ?? {}
    expect(begin?.predictor?.name).toBe(PUBLISHED)
    expect(begin?.solver).toMatchObject({ name: 'epd', nfe: 5 })
  })

  it('may start from the student of another distill stage, which is then one that it reads', () => {
    const before = `  before: { kind: distill, teacher: teacher, validation: 80-81, ${other} }\n`
    const options = from('{ from: before }', ', points: 2, firstPoints: 2')
    const found = load(student(options).replace('  samples:', `${before}  samples:`))
    const stage = found.stages.find((each): each is DistillStage => each.name === 'student')
    expect(stage?.begin).toMatchObject({ from: 'before', solver: { name: 'epd', nfe: 5 } })
  })

  it.each([
    [
      from('{ name: amed, afs: true }'),
      'solver.start: expected a solver without parameters, or { from: ... } with what was learned, found "amed"'
    ],
    [
      from('{ name: dpmpp }'),
      'solver.start: expected a linear solver, found dpmpp: dynamic thresholding clips what the model answers; set thresholding: false'
    ],
    [from('{ name: euler, nfe: 4 }'), 'solver.start: expected a start of 5 NFE, as the student has, found 4'],
    [from('{ name: heun }'), 'solver.start.nfe: expected an nfe that heun can meet, such as 4 or 6, found 5'],
    [
      from(`{ from: "predictor:${PUBLISHED}" }`),
      'solver.start: expected a start of at most 1 parallel points, found 2 in layer 1; raise firstPoints'
    ],
    [from('{ from: "predictor:none" }'), 'solver.start.from: expected a predictor that is imported'],
    [
      `${from('{ name: euler }')}, learnSigmas: true`,
      'learnSigmas: expected false for bns, which learns noise levels whatever it is, found true'
    ],
    [
      `${from('{ name: euler }')}, objective: every`,
      'objective: expected final for bns, whose layers are at no time points, found "every"'
    ],
    [
      `${from('{ name: euler }')}, start: normal`,
      'start: expected none: the solver\'s own option start says from where bns learns, found "normal"'
    ],
    [
      from('{ name: euler }', ', free: everything'),
      'solver.free: expected "all", "weights", "weights+told", "times" or "weights+times", found "everything"'
    ],
    ['solver: { name: table, nfe: 5, layers: [1, 1] }', 'solver: expected an epd, amed, pas or bns solver']
  ])('refuses %s', (options, message) => {
    const found = errors(student(options))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`stages.student.${message}`)
  })
})

describe('a table in use', () => {
  const learned = student('solver: { name: bns, nfe: 5 }')
  const used = (grid: string) => learned.replace('solver: student', `solver: { from: student${grid} }`)

  it('is walked on its own time points, with a noise level of 0 after them where that is asked for', () => {
    expect(samples(used(''))).toMatchObject({ from: 'student', solver: { name: 'bns', nfe: 5, numSteps: 6 } })
    expect(samples(used(', schedule: { type: time_uniform, finalSigma: zero }'))).toMatchObject({
      solver: { nfe: 6, numSteps: 7 }
    })
  })

  it.each([', nfe: 4', ', schedule: { type: logsnr }'])(
    'is refused with other ones, also where a mismatch is allowed: %s',
    grid => {
      const message = 'expected no other time points than those of stage "student", which are its own'
      expect(errors(used(grid))[0]).toContain(message)
      expect(() => load(used(grid), [], { allowMismatch: true })).toThrow(message)
    }
  )
})

describe('options out of their range', () => {
  it.each([
    ['{ name: ipndm, nfe: 5, maxOrder: 5 }', 'maxOrder: expected a whole number from 1 to 4, found 5'],
    ['{ name: dpmpp, nfe: 5, maxOrder: 4 }', 'maxOrder: expected a whole number from 1 to 3, found 4'],
    ['{ name: deis, nfe: 5, maxOrder: 0 }', 'maxOrder: expected a whole number from 1 to 4, found 0'],
    ['{ name: euler, numSteps: 1 }', 'numSteps: expected a whole number from 2 to 10000, found 1'],
    ['{ name: heun, nfe: 5 }', 'nfe: expected an nfe that heun can meet, such as 4 or 6, found 5'],
    [
      '{ name: paradigms, nfe: 5, numSteps: 9, afs: true }',
      'afs: expected one of the keys name, nfe, numSteps, schedule, window, tolerance, found "afs"'
    ],
    ['{ name: paradigms, nfe: 5, numSteps: 9, window: 0 }', 'window: expected a whole number from 1 to 10000, found 0']
  ])('%s: %s', (solver, message) => {
    const found = errors(sampled(solver))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`stages.samples.solver.${message}`)
  })

  it.each([
    ['points: 0', 'solver.points: expected a whole number from 1 to 64, found 0'],
    ['base: unipc, maxOrder: 4', 'solver.maxOrder: expected a whole number from 1 to 3 with base unipc, found 4'],
    ['base: heun', 'solver.base: expected "euler", "ipndm", "dpmpp", "unipc" or "deis", found "heun"']
  ])('of epd: %s', (options, message) => {
    expect(errors(changed('afs: true', `afs: true, ${options}`))[0]).toContain(message)
  })
})

describe('a predictor in use', () => {
  it('brings its solver, time points and parameters', () => {
    const { solver, learned } = publishedPredictors().get(PUBLISHED)!
    expect(samples(sampled(`{ from: "predictor:${PUBLISHED}" }`))).toMatchObject({ solver, predictor: { learned } })
  })

  it('may be a table, or weights on the schedule of their model', () => {
    const used = (name: string) => samples(sampled(`{ from: "predictor:${name}" }`))
    expect(used('dyweight-cifar10-nfe3')).toMatchObject({ solver: { name: 'table', layers: [1, 1, 1], nfe: 3 } })
    const schedule = { type: 'discrete', rho: 1 }
    expect(used('dyweight-lsun_bedroom_ldm-nfe5')).toMatchObject({ solver: { name: 'dyweight', nfe: 5, schedule } })
    expect(used('epdpp-flux-best')).toMatchObject({ solver: { coordinates: 'flow', schedule: { type: 'flowmatch' } } })
    expect(used('ays-sd15')).toMatchObject({ solver: { name: 'dpmpp', nfe: 10, schedule: { type: 'explicit' } } })
  })

  it('of weights is not used with another number of them, whatever is allowed', () => {
    const yaml = sampled('{ from: "predictor:dyweight-lsun_bedroom_ldm-nfe5", nfe: 4 }')
    expect(errors(yaml)).toEqual([expect.stringContaining('expected 7 time points above 0, for which')])
  })

  it('may be the top-level solver', () => {
    const yaml = `name: a\nmodel: { checkpoint: a }\nsolver: { from: "predictor:${PUBLISHED}" }\nstages:
  teacher: { kind: teacher, seeds: 5 }
  samples: { kind: sample, seeds: 0 }
  euler: { kind: sample, solver: { name: euler, nfe: 5 }, seeds: 0 }
`
    const { stages } = load(yaml)
    const schedule = { type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80 }
    expect(stages).toMatchObject([
      { grid: { ...schedule, numSteps: 4 } },
      { predictor: { name: PUBLISHED } },
      { solver: { schedule } }
    ])
    expect(
      errors(
        yaml.replace(
          'euler: { kind: sample, solver: { name: euler, nfe: 5 }, seeds: 0 }',
          'again: { kind: distill, teacher: teacher, validation: 9 }'
        )
      )
    ).toEqual([
      '7:3: stages.again.solver: expected an epd, amed, pas or bns solver, or with learnSigmas any but paradigms, found nothing; what is top-level is distilled already'
    ])
  })

  it('may be looked for elsewhere, and is known by what it holds, not by its name', () => {
    const record = { ...publishedPredictors().get(PUBLISHED)!, name: 'mine' }
    const predictors = { names: () => ['mine'], get: (name: string) => (name === 'mine' ? record : undefined) }
    expect(samples(sampled('{ from: "predictor:mine" }'), { predictors })).toMatchObject({ predictor: record })
  })

  it.each(['numSteps: 4', 'nfe: 5', 'schedule: { type: time_uniform }'])('may say what it is: %s', same => {
    const stage = samples(sampled(`{ from: "predictor:${PUBLISHED}", ${same} }`))
    expect(stage).not.toHaveProperty('mismatched')
  })

  it.each([
    [
      '{ from: student, nfe: 7 }',
      '7:36: stages.samples.solver: expected the time points that stage "student" was distilled for (4 time_uniform rho 1 over the model\'s range), found "5 time_uniform rho 1 over the model\'s range"'
    ],
    [
      `{ from: "predictor:${PUBLISHED}", numSteps: 3 }`,
      '7:36: stages.samples.solver: expected the time points that predictor 00002-cifar10-4-5-epd-uni1.0-afs was distilled for (4 time_uniform rho 1 from 80 to 0.002, in float32), found "3 time_uniform rho 1 from 80 to 0.002, in float32"'
    ],
    [
      `{ from: student, schedule: { type: polynomial } }`,
      '7:36: stages.samples.solver: expected the time points that stage "student" was distilled for (4 time_uniform rho 1 over the model\'s range), found "4 polynomial rho 7 over the model\'s range"'
    ]
  ])('on other time points is refused, and is a warning if it is allowed: %s', (solver, message) => {
    const yaml = sampled(solver)
    expect(errors(yaml)).toEqual([message])
    expect(faults(yaml)).toEqual([{ message, wayOut: 'allow-mismatch' }])
    const { warnings, stages } = load(yaml, [], { allowMismatch: true })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/stages.samples.solver: .* was distilled for 4 time_uniform .* and is used on/)
    expect(stages.find(({ name }) => name === 'samples')).toMatchObject({ mismatched: true })
  })

  it.each([
    [
      '{ from: "predictor:00002-cifar10" }',
      '7:44: stages.samples.solver.from: expected a predictor that is imported, published, or distilled as RUN/STAGE, found "00002-cifar10"'
    ],
    [
      '{ from: studnt }',
      '7:44: stages.samples.solver.from: expected predictor:NAME or the name of a distill stage (student), found "studnt"; did you mean "student"?'
    ],
    [
      '{ from: student, nfe: 4 }',
      '7:58: stages.samples.solver.nfe: expected an nfe that epd with afs can meet, such as 3 or 5, found 4'
    ],
    [
      '{ from: student, afs: true }',
      '7:53: stages.samples.solver.afs: expected one of the keys from, nfe, numSteps, schedule, found "afs"'
    ],
    ['{ from: student, nfe: 5, numSteps: 4 }', '7:53: stages.samples.solver.nfe: expected nfe or numSteps, found both']
  ])('%s is refused', (solver, message) => {
    expect(errors(sampled(solver))).toEqual([message])
  })
})

it('the example has a student of its own', () => {
  expect(distilled(whole)).toMatchObject({ learnSigmas: false, student: { name: 'epd' } })
})

describe('a distill stage in flow coordinates', () => {
  const yaml = (schedule: string) => `name: a\nmodel: { checkpoint: a }
solver: { name: epd, nfe: 4, scaleTime: 0, coordinates: flow, schedule: ${schedule} }
stages:
  teacher: { kind: teacher, seeds: 5, solver: { name: heun, coordinates: flow } }
  student: { kind: distill, teacher: teacher, validation: 9 }
`

  it('begins below infinite noise', () => {
    expect(errors(yaml('{ type: time_uniform, sigmaMax: 100, sigmaMin: 0.01 }'))).toEqual([])
    expect(errors(yaml('{ type: flowmatch, shift: 3 }'))).toEqual([
      expect.stringContaining('stages.student.solver: expected a student that begins below infinite noise')
    ])
  })
})
