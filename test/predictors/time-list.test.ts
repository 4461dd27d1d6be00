import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeJson, encodeTensors, readPredictor } from '../../src/predictors/file.js'
import { publishedPredictors } from '../../src/predictors/published.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-lists-'))

function written(text: string | Buffer, name = 'list.txt'): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('a list of time points', () => {
  it.each([
    ['JSON', '[80, 10, 1e-1]'],
    ['lines', '80\n10\n0.1\n'],
    ['commas', '80,10,.1'],
    ['a named list', '{ "sigmas": [80, 10, 0.1] }']
  ])('becomes a record for a solver, from %s', async (_, text) => {
    const record = await readPredictor(written(text), 'mine', { lists: 'sigmas', solver: 'ipndm' })
    expect(record).toMatchObject({
      name: 'mine',
      solver: { name: 'ipndm', schedule: { type: 'explicit', sigmas: [80, 10, 0.1] }, numSteps: 3, nfe: 2 },
      learned: { sigmas: [80, 10, 0.1] }
    })
  })

  it('keeps a last 0 in the schedule, which nothing is learned for', async () => {
    const { solver, learned } = await readPredictor(written('80 10 0'), 'mine', { lists: 'sigmas', solver: 'heun' })
    expect(solver).toMatchObject({ schedule: { sigmas: [80, 10, 0] }, numSteps: 3, nfe: 3 })
    expect(learned).toEqual({ sigmas: [80, 10] })
  })

  it('may be of timesteps, which the model gives their noise levels', async () => {
    const said = { lists: 'timesteps', solver: { name: 'dpmpp', maxOrder: 2 } } as const
    const record = await readPredictor(written('[999, 850, 736, 0]'), 'mine', said)
    expect(record.solver).toMatchObject({ maxOrder: 2, schedule: { timesteps: [999, 850, 736, 0] }, numSteps: 4 })
    expect(record.learned).toEqual({ timesteps: [999, 850, 736, 0] })
    for (const [name, encode] of [
      ['a.json', encodeJson],
      ['a.safetensors', encodeTensors]
    ] as const)
      expect(await readPredictor(written(encode(record), name))).toEqual(record)
  })

  it('may be of times of a flow, from noise alone on', async () => {
    const said = { lists: 'times', solver: { name: 'euler', coordinates: 'flow' } } as const
    const record = await readPredictor(written('[1, 0.75, 0.5, 0]'), 'mine', said)
    expect(record.solver).toMatchObject({ coordinates: 'flow', schedule: { times: [1, 0.75, 0.5, 0] }, nfe: 3 })
    expect(record.learned).toEqual({ sigmas: [Infinity, 3, 1] })
    const json = encodeJson(record)
    expect(json.toString()).toContain('"Infinity"')
    expect(await readPredictor(written(json, 'b.json'))).toEqual(record)
    expect(await readPredictor(written(encodeTensors(record), 'b.safetensors'))).toEqual(record)
  })

  it.each([
    ['[3, 2, 1]', { solver: 'euler' }, 'say-list', /may be sigmas, times of a flow or timesteps/],
    ['[3, 2, 1]', { lists: 'sigmas' }, 'say-solver', /time points, which are for a solver/],
    ['{ "sigmas": [3, 2] }', { lists: 'times', solver: 'euler' }, undefined, /lists sigmas, and not times/],
    [
      '[1, 2, 3]',
      { lists: 'sigmas', solver: 'euler' },
      undefined,
      /solver.schedule.sigmas.1: expected less than the 1/
    ],
    ['[1, 0.5]', { lists: 'times', solver: 'euler' }, undefined, /expected coordinates: flow/],
    ['[3, 2, 1]', { lists: 'sigmas', solver: 'epd' }, undefined, /expected tables r, weight/],
    ['[3, 2, 1]', { lists: 'sigmas', solver: 'dpm' }, undefined, /solver.name: expected/],
    ['3 - 1', { lists: 'sigmas', solver: 'euler' }, undefined, /must be numbers, found NaN/]
  ] as const)('is refused by name: %s with %o', async (text, said, wayOut, message) => {
    const read = readPredictor(written(text), 'mine', said)
    await expect(read).rejects.toThrow(message)
    await expect(read).rejects.toMatchObject({ code: 'predictor-invalid', ...(wayOut && { wayOut }) })
  })
})

describe('published time points', () => {
  it.each([
    ['ays-sd15', 'dpmpp', 10, 14.615, 0.029],
    ['ays-sdxl', 'dpmpp', 10, 14.615, 0.029],
    ['ays-svd', 'euler', 10, 700, 0.002],
    ['gits-cifar10-nfe6', 'ipndm', 6, 80, 0.002]
  ])('are at hand by name: %s', (name, solver, nfe, first, last) => {
    const record = publishedPredictors().get(name)!
    expect(record.solver).toMatchObject({ name: solver, nfe })
    if (!('sigmas' in record.learned) || !record.learned.sigmas) throw new Error('no time points')
    expect([record.learned.sigmas[0], record.learned.sigmas.at(-1)]).toEqual([first, last])
  })
})
