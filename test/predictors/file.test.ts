import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import { encodeJson, encodeTensors, readPredictor } from '../../src/predictors/file.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import { parseRecord } from '../../src/predictors/record.js'
import type { PredictorRecord } from '../../src/predictors/record.js'
import { readCheckpoint } from '../../src/checkpoints/checkpoint.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-predictors-'))
const checkpoints = new URL('../fixtures/checkpoints/', import.meta.url)
const snapshot = (name: string) => new URL(`predictor-${name}.pkl`, checkpoints).pathname
const schedule = { type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80 } as const

const epd = publishedPredictors().get('00018-cifar10-4-5-ipndm-uni1.0-afs')!
const amed: PredictorRecord = {
  name: 'amed',
  solver: {
    name: 'amed',
    afs: true,
    scaleDir: 0.01,
    scaleTime: 0,
    base: 'ipndm',
    maxOrder: 3,
    schedule,
    numSteps: 4,
    nfe: 5
  },
  learned: { layers: amedStart(16, 1), ranges: { scaleDir: 0.01, scaleTime: 0 } },
  model: { digest: 'abc' }
}
const steps: PredictorRecord = {
  name: 'euler-steps',
  solver: { name: 'euler', afs: false, schedule, numSteps: 3, nfe: 2 },
  learned: { sigmas: [80, 1 / 3, 0.002] },
  model: {}
}
const pas: PredictorRecord = {
  name: 'pas',
  solver: { name: 'pas', afs: false, components: 3, base: 'ipndm', maxOrder: 3, schedule, numSteps: 3, nfe: 2 },
  learned: {
    coordinates: [
      [1, 0, 0],
      [0.97, 1 / 3, -0.01]
    ]
  },
  model: { digest: 'abc' }
}
const both: PredictorRecord = {
  ...epd,
  name: 'both',
  learned: { ...epd.learned, sigmas: [80, 6.1, 1.2, 0.002] }
}

function written(name: string, bytes: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('readPredictor', () => {
  it.each([epd, amed, pas, steps, both])(
    'reads back what is written as JSON and as safetensors, bit for bit: $name',
    async record => {
      expect(await readPredictor(written('a.json', encodeJson(record)))).toEqual(record)
      expect(await readPredictor(written('a.safetensors', encodeTensors(record)))).toEqual(record)
    }
  )

  it('writes safetensors that hold each table as a tensor in double precision', async () => {
    const tree = await readCheckpoint(written('b.safetensors', encodeTensors(amed)))
    if (!(tree instanceof Map)) throw new Error('no tensors')
    expect(tree.get('layers.encoder.weight')).toMatchObject({ dtype: 'float64', shape: [128, 16] })
    expect(tree.get('layers.r.bias')).toMatchObject({ shape: [1] })
  })

  it("reads a snapshot of the paper's code: parameters, settings, and the noise range of its loss", async () => {
    expect(await readPredictor(snapshot('plugin'))).toEqual({
      name: 'predictor-plugin',
      solver: {
        ...{ name: 'epd', afs: true, points: 2, scaleDir: 0.05, scaleTime: 0.2, base: 'ipndm', maxOrder: 3 },
        ...{ schedule: { ...schedule, sigmaMin: 0.01, sigmaMax: 50, precision: 'float32' }, numSteps: 3, nfe: 3 }
      },
      learned: {
        r: [
          [-1, -0.875],
          [-0.75, -0.625]
        ],
        scaleDir: [
          [0, 0.125],
          [0.25, 0.375]
        ],
        scaleTime: [
          [1, 1.125],
          [1.25, 1.375]
        ],
        weight: [
          [2, 2.125],
          [2.25, 2.375]
        ],
        ranges: { scaleDir: 0.05, scaleTime: 0.2 }
      },
      model: { dataset: 'cifar10', shape: [3, 32, 32], labelDim: 0 }
    })
  })

  it("leaves the noise range to the model's where there is no loss, and takes the name that it is given", async () => {
    const { name, solver } = await readPredictor(snapshot('without-loss'), 'mine')
    expect(name).toBe('mine')
    expect(solver).toMatchObject({ base: 'euler' })
    expect(solver.schedule).toEqual({ type: 'time_uniform', rho: 1, precision: 'float32' })
  })

  it.each([
    ['without-weights', /weight_s, a table of \[steps, points\], is missing/],
    ['of-another-class', /holds a AMED_predictor; expected an EPD_predictor/],
    ['of-another-sampler', /is for the sampler "heun"; expected "epd" or "ipndm"/],
    ['of-three-points', /r must have 2 rows \(steps\) of 3 numbers \(points\)/]
  ])('refuses a snapshot %s', async (name, message) => {
    await expect(readPredictor(snapshot(name))).rejects.toMatchObject({ code: 'predictor-invalid' })
    await expect(readPredictor(snapshot(name))).rejects.toThrow(message)
  })

  it.each([
    ['no JSON', '{ "name": ', /is not JSON/],
    ['another JSON', '{ "a": 1 }', /is no predictor; expected an exported predictor/],
    ['another checkpoint', encodeTensors(epd).subarray(0, 100), /./],
    ['a list', '[1]', /is a list of numbers, which may be sigmas/]
  ])('refuses %s', async (_, bytes, message) => {
    await expect(readPredictor(written('wrong.json', bytes))).rejects.toThrow(message)
  })

  it('says what is wrong with any mutation, or reads it', async () => {
    const [json, tensors] = [encodeJson(both), encodeTensors(both)]
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(), fc.nat(255), async (text, place, byte) => {
        const bytes = Buffer.from(text ? json : tensors)
        bytes[place % bytes.length] = byte
        const path = written('mutated', bytes)
        await readPredictor(path).catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'EpdError' })
        })
      }),
      { numRuns: 400 }
    )
  })
})

/** As it is once it was written. */
const plain = (value: object): unknown => JSON.parse(JSON.stringify(value))

describe('parseRecord', () => {
  const none = undefined
  const only = { points: none, scaleDir: none, scaleTime: none, base: none, maxOrder: none }
  const changed = (solver: object, learned: object = {}) =>
    parseRecord(
      plain({ ...epd, solver: { ...epd.solver, ...solver }, learned: { ...epd.learned, ...learned } }),
      'file'
    )

  it.each([
    [{ maxOrder: 5 }, {}, 'solver.maxOrder: expected a whole number from 1 to 4, found 5'],
    [
      { base: 'dpmpp', maxOrder: 4 },
      {},
      'solver.maxOrder: expected a whole number from 1 to 3 with base dpmpp, found 4'
    ],
    [{ points: 0 }, {}, 'solver.points: expected a whole number from 1 to 64, found 0'],
    [{ numSteps: 1 }, {}, 'solver.numSteps: expected a whole number from 2 to 10000, found 1'],
    [{ name: 'paradigms' }, {}, 'solver.name: expected one that something can be learned for'],
    [{ schedule: { type: 'even' } }, {}, 'solver.schedule.type: expected "polynomial"'],
    [{ numSteps: 5 }, {}, 'r must have 4 rows (steps) of 2 numbers (points)'],
    [{}, { weight: undefined }, 'there is nothing for epd in it: expected tables r, weight, scaleDir and scaleTime'],
    [{}, { weight: [[1]] }, 'predictor: weight must have the size of r'],
    [{}, { sigmas: [80, 9, 10, 0.002] }, 'predictor: sigmas must be 4 falling noise levels'],
    [{ ...only, name: 'amed' }, {}, 'what is in it is not for amed: expected layers'],
    [{ ...only, name: 'pas' }, {}, 'what is in it is not for pas: expected coordinates, [steps][components]'],
    [
      { ...only, name: 'pas' },
      { coordinates: [[1, 0, 0, 0]] },
      'coordinates must have 3 rows (steps) of 4 numbers (components)'
    ],
    [{ ...only, name: 'pas' }, { coordinates: [1, 0] }, 'there is nothing for pas in it: expected coordinates'],
    [
      { ...only, name: 'pas' },
      { coordinates: [[1], [1, 2], [1]] },
      'pas predictor: coordinates must have one row a step'
    ],
    [{ ...only, name: 'euler' }, {}, 'what is in it is not for euler: expected sigmas']
  ])('refuses %o with %o', (solver, learned, message) => {
    expect(() => changed(solver, learned)).toThrow(`file: ${message}`)
  })

  it('refuses a name that a spec could not say', () => {
    expect(() => parseRecord({ ...epd, name: 'a b' }, 'file')).toThrow(/its name must be letters, digits/)
  })
})

describe('published predictors', () => {
  it('are the 32 of the paper, each with its FID and the model that it is for, beside those of other papers', () => {
    const all = [...publishedPredictors().values()].filter(({ name }) => !/^(dyweight|epdpp|ays|gits)-/.test(name))
    expect(all).toHaveLength(32)
    expect(all.every(({ fid, model }) => fid !== undefined && model.dataset !== undefined && model.shape)).toBe(true)
    expect(epd).toMatchObject({ fid: 4.47, solver: { nfe: 5, base: 'ipndm' }, model: { dataset: 'cifar10' } })
  })
})
