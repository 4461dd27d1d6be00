import { elementCount, toFloat64, type Tensor } from '../checkpoints/tensor.js'
import { tableRows, type Table } from '../solvers/table.js'

/**
 * The numbers of a table as flat tensors in double precision, and the rest of it: `sigmas` [2], `layers` [layers], the
 * rows of each; `sigma` and `noise` [rows]; `denoised` [rows, rows], padded with 0; `result` [1 + rows], the factor of
 * the latents and those of the answers.
 */
export function tableTensors(table: Table): { readonly tensors: Map<string, Tensor>; readonly start: number } {
  const rows = tableRows(table)
  const padded = (factors: readonly number[]) => rows.map((_, i) => (i < factors.length ? factors[i] : 0))
  return {
    start: table.start,
    tensors: new Map([
      ['sigmas', tensor(table.sigmas)],
      ['layers', tensor(table.layers.map(layer => layer.length))],
      ['sigma', tensor(rows.map(({ sigma }) => sigma))],
      ['noise', tensor(rows.map(({ noise }) => noise))],
      [
        'denoised',
        tensor(
          rows.flatMap(({ denoised }) => padded(denoised)),
          [rows.length, rows.length]
        )
      ],
      ['result', tensor([table.result.noise, ...padded(table.result.denoised)])]
    ])
  }
}

function tensor(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { kind: 'tensor', dtype: 'float64', shape, data: new Uint8Array(Float64Array.from(values).buffer) }
}

/** Whether tensors are those of a table. */
export function areOfTable(tensors: ReadonlyMap<string, Tensor>): boolean {
  return tensors.has('denoised') && tensors.has('layers')
}

/**
 * A table's plain data from its tensors and the factor that it starts with, which the file's metadata hold.
 * @throws RangeError for a tensor that is missing, has another shape, or has factors of answers that do not come before
 *   its row
 */
export function tableFrom(tensors: ReadonlyMap<string, Tensor>, start: unknown): unknown {
  const counts = numbers(tensors, 'layers')
  if (counts.length === 0 || !counts.every(count => Number.isInteger(count) && count > 0))
    throw new RangeError('layers must hold the rows of each layer, whole numbers from 1')
  const rows = counts.reduce((sum, count) => sum + count, 0)
  const vector = (name: string, length: number) => numbers(tensors, name, [length])
  const [sigma, noise, result] = [vector('sigma', rows), vector('noise', rows), vector('result', 1 + rows)]
  const denoised = numbers(tensors, 'denoised', [rows, rows])
  let first = 0
  const layers = counts.map(count => {
    const before = first
    first += count
    return Array.from({ length: count }, (_, k) => {
      const row = before + k
      const factors = denoised.slice(row * rows, (row + 1) * rows)
      if (factors.slice(before).some(factor => factor !== 0))
        throw new RangeError(`denoised: row ${row + 1} has factors of answers of its own layer or later ones`)
      return { sigma: sigma[row], noise: noise[row], denoised: factors.slice(0, before) }
    })
  })
  return {
    sigmas: vector('sigmas', 2),
    start,
    layers,
    result: { noise: result[0], denoised: result.slice(1) }
  }
}

function numbers(tensors: ReadonlyMap<string, Tensor>, name: string, shape?: readonly number[]): number[] {
  const found = tensors.get(name)
  if (!found) throw new RangeError(`the tensor ${name} is missing, which a table has`)
  const wanted = shape ?? [elementCount(found.shape)]
  if (found.shape.join() !== wanted.join())
    throw new RangeError(`the tensor ${name} must have shape [${wanted.join(', ')}], found [${found.shape.join(', ')}]`)
  return [...toFloat64(found)]
}
