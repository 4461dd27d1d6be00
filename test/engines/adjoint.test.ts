import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { adjoint } from '../../src/engines/adjoint/adjoint.js'
import { recorder } from '../../src/engines/onnx/recorder.js'
import { openNetwork } from '../../src/engines/open.js'
import type { Ops } from '../../src/engines/ops.js'
import type { Graph, Recipe } from '../../src/engines/recipe.js'

type Formula = <T>(ops: Ops<T>, x: T) => T

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + 0.4))
const weight = <T>(ops: Ops<T>, ...shape: number[]) => ops.constant(numbers(shape.reduce((a, b) => a * b, 1)), shape)
/** x to half of its width, so that what is active meets itself. */
const twice: Formula = (ops, x) => ops.concat([ops.sin(x), ops.multiply(x, x)], 1)

/** Of an image of [batch, 4, 4, 4] with numbers about 1. */
const formulas: Record<string, Formula> = {
  'sums, differences and products': (ops, x) => ops.subtract(ops.multiply(ops.add(x, ops.cos(x)), x), ops.sin(x)),
  'quotients by what is fixed': (ops, x) => ops.divide(x, weight(ops, 1, 4, 1, 1)),
  'roots, sigmoid and silu': (ops, x) => ops.sqrt(ops.add(ops.sigmoid(x), ops.multiply(ops.silu(x), ops.silu(x)))),
  logarithms: (ops, x) => ops.log(ops.add(x, ops.multiply(x, x))),
  softmax: (ops, x) => ops.softmax(x, -1),
  convolutions: (ops, x) => ops.conv2d(x, weight(ops, 3, 4, 3, 3), weight(ops, 3), { padding: 1 }),
  'convolutions back': (ops, x) => ops.convTranspose2d(x, weight(ops, 4, 3, 3, 3), { padding: 1 }),
  'matrix products of both sides': (ops, x) => ops.matmul(ops.transpose(ops.sin(x), [0, 1, 3, 2]), ops.cos(x)),
  'linear layers': (ops, x) => ops.linear(ops.reshape(x, [0, -1]), weight(ops, 5, 64), weight(ops, 5)),
  'averages and enlargements': (ops, x) => ops.upsample2(ops.sin(ops.averagePool(x, { size: 2, stride: 2 }))),
  'group normalisation': (ops, x) => ops.groupNorm(x, weight(ops, 4), weight(ops, 4), 2, 1e-5),
  'parts put together': twice,
  'parts of which one is not used': (ops, x) => ops.split(twice(ops, x), 2, 1)[1]
}

/** The sum of a formula's answer times fixed weights as one number a sample, and its gradient by x. */
function recipe(formula: Formula): Recipe {
  return {
    name: 'formula',
    build<T>(graph: Graph<T>) {
      const { ops, variable, gradient } = adjoint(graph.ops)
      const x = variable(graph.input('x', [-1, 4, 4, 4]))
      const answer = formula(ops, x)
      const [, ...sizes] = ops.shape(answer)
      const weights = weight(graph.ops, 1, ...sizes)
      const count = sizes.reduce((a, b) => a * b, 1)
      const flat = graph.ops.reshape(graph.ops.multiply(answer.value, weights), [0, count])
      const sum = graph.ops.linear(flat, graph.ops.constant(new Float32Array(count).fill(1), [1, count]))
      const full = graph.ops.add(graph.ops.subtract(answer.value, answer.value), weights)
      return [sum, gradient(answer, full, x)]
    }
  }
}

const STEP = 2 ** -6

describe('the gradient', () => {
  it.each(Object.entries(formulas))('of %s is what differences say', async (name, formula) => {
    const { session } = await openNetwork({
      ...{ engine: 'onnx', provider: 'cpu', recipe: recipe(formula), content: name.replaceAll(/\W/g, '-') },
      ...{ tensors: () => Promise.resolve(new Map()), cacheDir: mkdtempSync(join(tmpdir(), 'epd-adjoint-')) }
    })
    const running = await session()
    const x = numbers(64).map(value => 1 + 0.5 * value)
    const moved = [0, 1, -1].flatMap(sign => Array.from({ length: 64 }, (_, k) => x.map((value, i) => (i === k ? value + sign * STEP : value)))) // prettier-ignore
    const data = Float32Array.from(moved.flatMap(row => [...row]))
    const [sums, gradients] = await running.run([{ name: 'x', shape: [192, 4, 4, 4], data }])
    await running.close()
    for (let k = 0; k < 64; k++) {
      const difference = (sums[64 + k] - sums[128 + k]) / (2 * STEP)
      expect(Math.abs(gradients[k] - difference)).toBeLessThan(2e-3 * Math.max(1, Math.abs(difference)))
    }
  })

  it.each([
    ['pooling by the largest', (ops, x) => ops.maxPool(x, { size: 2, stride: 2 })],
    ['a softmax over channels', (ops, x) => ops.softmax(x, 1)],
    [
      'a sum that stretches it',
      (ops, x) => ops.add(ops.reshape(ops.averagePool(x, { size: 4, stride: 4 }), [0, 4, 1, 1]), x)
    ]
  ] as [string, Formula][])('is refused of %s', (_, formula) => {
    expect(() => recipe(formula).build(recorder(() => new Uint8Array(0)))).toThrow(RangeError)
  })
})
