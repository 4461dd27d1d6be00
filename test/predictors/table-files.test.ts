import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../src/checkpoints/checkpoint.js'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { encodeJson, encodeTensors, readPredictor } from '../../src/predictors/file.js'
import { parseRecord, type PredictorRecord } from '../../src/predictors/record.js'
import { tableSolver } from '../../src/predictors/table-record.js'
import { tableTensors } from '../../src/predictors/table-tensors.js'
import { schedule } from '../../src/solvers/schedule.js'
import { tableOf } from '../../src/solvers/table-of.js'
import type { Table } from '../../src/solvers/table.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-tables-'))

function written(name: string, bytes: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** A table as a record, whose solver says nothing that the table does not. */
function recordOf(table: Table): PredictorRecord {
  return parseRecord({ name: 'a-table', solver: tableSolver(table), learned: table, model: {} }, 'test')
}

const factor = fc.double({ noNaN: true, noDefaultInfinity: true })
const combination = (before: number) =>
  fc.record({ noise: factor, denoised: fc.array(factor, { minLength: before, maxLength: before }) })
const level = fc.double({ min: 1e-3, max: 1e3, noNaN: true })

/** Tables of 1 to 4 layers of 1 to 3 rows, with any finite factors. */
const tables: fc.Arbitrary<Table> = fc
  .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })
  .chain(counts => {
    const before = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0))
    const rows = counts.map((count, i) =>
      fc.array(
        fc.tuple(level, combination(before[i])).map(([sigma, row]) => ({ sigma, ...row })),
        {
          minLength: count,
          maxLength: count
        }
      )
    )
    const all = counts.reduce((sum, count) => sum + count, 0)
    return fc.record({
      sigmas: fc.tuple(level, level).map(([a, b]) => [a + b + 1, b] as const),
      start: level,
      layers: fc.tuple(...rows),
      result: combination(all)
    })
  })

/** The bits of each number, since 0 and -0 are equal numbers. */
const bits = (record: PredictorRecord) =>
  JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'number' ? Buffer.from(Float64Array.of(value).buffer).toString('hex') : value
  )

describe('files of tables', () => {
  it('are read back with the same bits, from JSON and from safetensors', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async table => {
        const record = recordOf(table)
        for (const [name, encode] of [
          ['a.json', encodeJson],
          ['a.safetensors', encodeTensors]
        ] as const)
          expect(bits(await readPredictor(written(name, encode(record))))).toBe(bits(record))
      }),
      { numRuns: 100 }
    )
  })

  it('hold infinite noise, with which a flow begins, as the text "Infinity" in JSON', async () => {
    const sigmas = schedule({ type: 'flowmatch', shift: 3, numSteps: 4 })
    const record = recordOf(tableOf({ name: 'heun', coordinates: 'flow' }, sigmas))
    const json = encodeJson(record)
    expect(JSON.parse(json.toString())).toMatchObject({
      solver: { schedule: { type: 'explicit', times: [1, expect.closeTo(0.003, 4)] }, nfe: 6 },
      learned: { sigmas: ['Infinity', sigmas[3]], start: 1 }
    })
    expect(bits(await readPredictor(written('d.json', json)))).toBe(bits(record))
    expect(bits(await readPredictor(written('d.safetensors', encodeTensors(record))))).toBe(bits(record))
  })

  const euler = tableOf({ name: 'heun', afs: true }, Float64Array.of(80, 10, 1, 0))

  it('hold flat tensors in double precision, padded with 0', async () => {
    const tree = await readCheckpoint(written('b.safetensors', encodeTensors(recordOf(euler))))
    if (!(tree instanceof Map)) throw new Error('no tensors')
    const shapes = Object.fromEntries(
      [...(tree as ReadonlyMap<string, Tensor>)].map(([name, { shape }]) => [name, shape])
    )
    expect(shapes).toEqual({ sigmas: [2], layers: [4], sigma: [4], noise: [4], denoised: [4, 4], result: [5] })
  })

  const changed = (change: (tensors: Map<string, Tensor>) => void, start: unknown = 80) => {
    const { tensors } = tableTensors(euler)
    change(tensors)
    const predictor = JSON.stringify({ ...recordOf(euler), learned: { start } })
    return readPredictor(written('c.safetensors', encodeSafetensors(tensors, { predictor })))
  }
  const vector = (...values: number[]): Tensor => ({
    ...{ kind: 'tensor', dtype: 'float64', shape: [values.length] },
    data: new Uint8Array(Float64Array.from(values).buffer)
  })

  it.each([
    ['without sigma', (all: Map<string, Tensor>) => void all.delete('sigma'), /the tensor sigma is missing/],
    ['with short noise', (all: Map<string, Tensor>) => void all.set('noise', vector(1)), /noise must have shape \[4\]/],
    ['with half rows', (all: Map<string, Tensor>) => void all.set('layers', vector(1, 1.5, 2)), /layers must hold/],
    [
      'with layers of other sizes',
      (all: Map<string, Tensor>) => void all.set('layers', vector(2, 2)),
      /row 2 has factors of answers of its own layer|layers must have 1,1,1,1 rows/
    ],
    [
      'with no result',
      (all: Map<string, Tensor>) => void all.set('result', vector(NaN, 0, 0, 0, 0)),
      /the result holds/
    ],
    ['told noise of 0', (all: Map<string, Tensor>) => void all.set('sigma', vector(80, 10, 0, 1)), /must be above 0/],
    [
      'told infinite noise',
      (all: Map<string, Tensor>) => void all.set('sigma', vector(Infinity, 10, 1, 1)),
      /row 1 of layer 1 is told infinite noise, but the table begins at 80/
    ]
  ])('are refused by name %s', async (_, change, message) => {
    await expect(changed(change)).rejects.toMatchObject({ code: 'predictor-invalid' })
    await expect(changed(change)).rejects.toThrow(message)
  })

  it('are refused without what latents are multiplied by', async () => {
    await expect(changed(() => undefined, null)).rejects.toThrow(/expected sigmas of both ends, start/)
  })
})
