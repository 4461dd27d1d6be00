import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { STAGE_KINDS } from '../../src/stages/registry.js'
import { child } from '../../src/reading/plain.js'
import { errors, load } from './spec.js'

const grid = `name: grid
model: { checkpoint: model.pkl }
solver: { name: epd, nfe: matrix.nfe, afs: true }
matrix: { nfe: [3, 5], optimizer: [{ name: adam }, { name: levenberg-marquardt }] }
stages:
  teacher: { kind: teacher, seeds: 50-59 }
  student: { kind: distill, teacher: teacher, validation: 60-69, optimizer: matrix.optimizer }
  samples: { kind: sample, solver: student, seeds: 0-9 }
  euler: { kind: sample, solver: { name: euler, nfe: matrix.nfe }, seeds: 0-9 }
  truth: { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: 0-9 }
  score: { kind: score, samples: [samples, euler], reference: truth, metrics: [psnr] }
`
const names = (yaml: string, set: string[] = []) => load(yaml, set).stages.map(({ name }) => name)
/** A spec of one sample stage for each case of a matrix. */
const few = (matrix: string, solver = '{ name: heun, numSteps: matrix.n }') =>
  `name: few\nmodel: { checkpoint: m }\nsolver: ${solver}\nmatrix: ${matrix}\nstages: { s: { kind: sample, seeds: 0 } }\n`

describe('a matrix', () => {
  it('has a case for each choice of a value of each axis, and each is the spec with those values set', () => {
    const values = fc.uniqueArray(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(values, values, (steps, rhos) => {
        const solver = '{ name: heun, numSteps: matrix.n, schedule: { type: polynomial, rho: matrix.rho } }'
        const cases = load(few(`{ n: [${steps.join()}], rho: [${rhos.join()}] }`, solver)).stages
        const alone = steps.flatMap(n =>
          rhos.map(
            rho => load(few('{ n: [2], rho: [7] }', solver), [`matrix.n=[${n}]`, `matrix.rho=[${rho}]`]).stages[0]
          )
        )
        const unnamed = (stages: typeof cases) => stages.map(stage => ({ ...stage, name: '' }))
        expect(new Set(cases.map(({ name }) => name)).size).toBe(steps.length * rhos.length)
        expect(unnamed(cases)).toEqual(unnamed(alone))
      }),
      { numRuns: 8 }
    )
  })

  it('has each stage once for all cases in which it is the same, named by what it differs in', () => {
    expect(names(grid).sort()).toEqual(
      [
        ...['truth', 'euler@nfe=3', 'euler@nfe=5', 'teacher@nfe=3', 'teacher@nfe=5'],
        ...['student.validation@nfe=3', 'student.validation@nfe=5'],
        ...['student', 'samples', 'score'].flatMap(name =>
          ['nfe=3,optimizer=adam', 'nfe=3,optimizer=levenberg-marquardt'].flatMap(which => [
            `${name}@${which}`,
            `${name}@${which.replace('3', '5')}`
          ])
        )
      ].sort()
    )
  })

  it('lets stages name those of their own case, in an order that can run', () => {
    const { stages } = load(grid)
    const before = new Set<string>()
    for (const stage of stages) {
      for (const input of STAGE_KINDS.of(stage).inputs(stage)) expect(before).toContain(input)
      before.add(stage.name)
    }
    const score = stages.find(({ name }) => name === 'score@nfe=5,optimizer=adam')
    expect(score && STAGE_KINDS.of(score).inputs(score)).toEqual([
      'samples@nfe=5,optimizer=adam',
      'euler@nfe=5',
      'truth'
    ])
  })

  it('whose values name others many times over is refused before they fill the memory', () => {
    const axes = 'bcdefghij'.split('').map((next, i) => `${'abcdefghi'[i]}: [[${`matrix.${next}, `.repeat(10)}]]`)
    const [first] = errors(few(`{ ${axes.join(', ')}, j: [1] }`, '{ name: heun, numSteps: matrix.a }'))
    expect(first).toContain('expected at most 10000 values of the matrix in all places, found more')
  })

  it('whose values nest deeper than a spec may where they are put is refused', () => {
    const deep = `${'['.repeat(40)}${']'.repeat(40)}`
    const within = `${'['.repeat(12)}matrix.n${']'.repeat(12)}`
    expect(errors(few(`{ n: [${deep}] }`, within)).join('\n')).toContain(
      'expected at most 50 levels within each other, found more'
    )
  })

  it('puts the values of its case into solver and stages', () => {
    const solvers = load(grid).stages.flatMap(stage =>
      stage.kind === 'sample' ? [[stage.name, stage.solver.nfe] as const] : []
    )
    expect(new Map(solvers).get('euler@nfe=3')).toBe(3)
    expect(new Map(solvers).get('samples@nfe=5,optimizer=adam')).toBe(5)
    expect(new Map(solvers).get('truth')).toBe(64)
  })

  it('of one case leaves the names as they are', () => {
    expect(names(grid, ['matrix={ nfe: [3], optimizer: [{ name: adam }] }'])).toContain('samples')
  })

  it('takes values in which other axes stand', () => {
    const yaml = few(
      '{ nfe: [4, 6], solver: [{ name: heun, nfe: matrix.nfe }, { name: euler, nfe: matrix.nfe }] }',
      'matrix.solver'
    )
    expect(names(yaml)).toEqual([
      ...['s@nfe=4,solver=heun', 's@nfe=4,solver=euler', 's@nfe=6,solver=heun', 's@nfe=6,solver=euler']
    ])
  })

  it('tells values of the same name apart', () => {
    const solvers = '[{ name: heun, nfe: 4 }, { name: heun, nfe: 6 }]'
    expect(names(few(`{ solver: ${solvers} }`, 'matrix.solver'))).toEqual(['s@solver=heun', 's@solver=heun-2'])
    expect(names(few('{ n: [4, 5], afs: [true] }', '{ name: heun, numSteps: matrix.n, afs: matrix.afs }'))).toEqual([
      ...['s@n=4', 's@n=5']
    ])
  })

  it('takes the names of values that have one', () => {
    const yaml = few(
      '{ nfe: [4, 6], solver: { EDM: { name: heun, nfe: matrix.nfe }, DDIM: { name: euler, nfe: matrix.nfe } }, exclude: [{ nfe: 4, solver: EDM }] }',
      'matrix.solver'
    )
    expect(names(yaml)).toEqual(['s@nfe=4,solver=DDIM', 's@nfe=6,solver=EDM', 's@nfe=6,solver=DDIM'])
    expect(names(yaml, ['matrix.include=[{ nfe: 8, solver: DDIM }]'])).toContain('s@nfe=8,solver=DDIM')
  })

  it('leaves out what is excluded, and has what is included', () => {
    const nine = 'n: [4, 5, 6], afs: [true, false]'
    const solver = '{ name: heun, numSteps: matrix.n, afs: matrix.afs }'
    expect(names(few(`{ ${nine}, exclude: [{ n: 5 }, { n: 6, afs: true }] }`, solver))).toEqual([
      ...['s@n=4,afs=true', 's@n=4,afs=false', 's@n=6,afs=false']
    ])
    expect(names(few(`{ n: [4], afs: [true], include: [{ n: 9, afs: false }] }`, solver))).toEqual(['s@n=4', 's@n=9'])
    const scaled = few(
      '{ nfe: [3, 5], include: [{ nfe: 3, rho: 2 }, { nfe: 5, rho: 7 }] }',
      '{ name: euler, nfe: matrix.nfe, schedule: { type: polynomial, rho: matrix.rho } }'
    )
    const rhos = load(scaled).stages.map(stage => stage.kind === 'sample' && child(stage.solver.schedule, 'rho'))
    expect(rhos).toEqual([2, 7])
  })

  it('has a stage that is a choice of an axis, and what that alone needs, in the cases that choose it', () => {
    const yaml = `name: choice
model: { checkpoint: model.pkl }
solver: { name: epd, nfe: matrix.nfe, afs: true }
matrix: { nfe: [3, 5], solver: [student, { name: euler, nfe: matrix.nfe }], exclude: [{ solver: student, nfe: 5 }] }
stages:
  teacher: { kind: teacher, seeds: 50-59 }
  student: &student { kind: distill, teacher: teacher, validation: 0 }
  alone: { <<: *student, seed: 1 }
  samples: { kind: sample, solver: matrix.solver, seeds: 0-9 }
`
    const others = ['samples@nfe=3,solver=euler', 'samples@nfe=5,solver=euler']
    const chosen = [...others, 'samples@nfe=3,solver=student', 'student'].sort()
    const lone = ['alone@nfe=3', 'alone@nfe=5', 'teacher@nfe=3', 'teacher@nfe=5']
    const written = (text: string) =>
      names(text)
        .filter(name => !name.includes('.validation'))
        .sort()
    expect(written(yaml)).toEqual([...chosen, ...lone].sort())
    const without = yaml.replace(/ {2}alone.*\n/, '')
    expect(written(without)).toEqual([...chosen, 'teacher'].sort())
    expect(written(without.replace(', nfe: 5 }]', ' }]'))).toEqual(['samples@nfe=3', 'samples@nfe=5'])
  })

  it('has every stage of a name that an axis holds for something else', () => {
    const yaml = grid.replace(
      '{ name: levenberg-marquardt }]',
      '{ name: levenberg-marquardt }], start: [uniform, normal]'
    )
    const own = `${yaml.replace('optimizer: matrix.optimizer', '$&, start: matrix.start')}  uniform: { kind: sample, solver: { name: euler, nfe: 9 }, seeds: 0 }\n`
    expect(names(own)).toContain('uniform')
  })

  it('takes a stage that an included case alone names for a choice', () => {
    const yaml = `name: included
model: { checkpoint: model.pkl }
solver: { name: epd, nfe: matrix.nfe, afs: true }
matrix: { nfe: [3, 5], solver: [{ name: euler, nfe: matrix.nfe }], include: [{ nfe: 7, solver: student }] }
stages:
  teacher: { kind: teacher, seeds: 50-59 }
  student: { kind: distill, teacher: teacher, validation: 0 }
  samples: { kind: sample, solver: matrix.solver, seeds: 0-9 }
`
    const found = load(yaml).stages
    expect(found.flatMap(one => (one.kind === 'distill' ? [one.student.nfe] : []))).toHaveLength(1)
  })

  it('is what editors find it to be', () => {
    const schema = JSON.parse(readFileSync('schemas/experiment.schema.json', 'utf8')) as object
    const ajv = new Ajv2020({ discriminator: true, allowUnionTypes: true, strictRequired: false, strictTypes: false })
    expect(ajv.validate(schema, parse(grid))).toBe(true)
    expect(ajv.validate(schema, parse(grid.replace('nfe: matrix.nfe', 'nfe: matrix')))).toBe(false)
  })
})

describe('a wrong matrix', () => {
  it.each([
    [
      'an axis that is not there',
      few('{ m: [1] }'),
      '3:33: solver.numSteps: expected matrix.m, found "matrix.n"; did you mean "matrix.m"?'
    ],
    [
      'no matrix',
      few('{ n: [4] }').replace(/matrix: .*\n/, ''),
      '3:33: solver.numSteps: expected a value, as there is no matrix, found "matrix.n"'
    ],
    [
      'an empty axis',
      few('{ n: [] }'),
      '4:14: matrix.n: expected a list of values, or values by name, found an empty list'
    ],
    [
      'an axis that is no list',
      few('{ n: 3 }'),
      '4:14: matrix.n: expected a list of values, or values by name, found 3'
    ],
    ['a matrix that is no mapping', few('[3]'), '4:9: matrix: expected a mapping of axes, found a list'],
    [
      'values in a circle',
      few('{ n: [matrix.n] }'),
      '3:33: solver.numSteps: expected a value, as there is no matrix, found "matrix.n"'
    ],
    [
      'a value that does not fit',
      few('{ n: [4, 0] }'),
      '3:33: solver.numSteps: expected a whole number from 2 to 10000, found 0, where n 0'
    ],
    [
      'all excluded',
      few('{ n: [4], exclude: [{ n: 4 }] }'),
      '4:9: matrix: expected a case that is not excluded, found none'
    ],
    [
      'too many cases',
      few(`{ n: [${[...Array(40).keys()].join()}], m: [${[...Array(40).keys()].join()}] }`),
      '4:9: matrix: expected at most 1000 cases, found 1600'
    ]
  ])('with %s says so', (_, yaml, message) => {
    expect(errors(yaml)).toContain(message)
  })
})

describe('a value of a matrix that makes no difference', () => {
  const wrong = (matrix: string) => errors(few(matrix))
  const nowhere = (name: string) =>
    `expected matrix.${name} somewhere in the spec, which would use it, found it nowhere`

  it('is an error: an axis, or a further value of an included case, that nothing uses', () => {
    expect(wrong('{ n: [3, 5], K: [1, 2] }')).toEqual([`4:25: matrix.K: ${nowhere('K')}`])
    expect(wrong('{ n: [3, 5], include: [{ n: 7, lr: 1 }] }')).toEqual([`4:44: matrix.include.0.lr: ${nowhere('lr')}`])
    expect(wrong('{ n: [3, 5], exclude: [{ m: 3 }] }')).toEqual(['4:37: matrix.exclude.0.m: expected n, found "m"'])
  })

  it('is none where it stands in another axis, or chooses between further values of cases', () => {
    expect(wrong('{ n: [matrix.m, 5], m: [3, 7] }')).toEqual([])
    expect(wrong('{ size: [small, large], include: [{ size: small, n: 3 }, { size: large, n: 5 }] }')).toEqual([])
  })
})
