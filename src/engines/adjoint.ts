import type { Ops } from './ops.js'

/** An array on its way forward. */
export interface Traced<T> {
  readonly value: T
  /** Whether it depends on a variable. */
  readonly active: boolean
}

/** Operations that remember how to go back. */
export interface Adjoint<T> {
  readonly ops: Ops<Traced<T>>
  /** What derivatives are taken by. */
  readonly variable: (value: T) => Traced<T>
  /** What they are not taken by. */
  readonly fixed: (value: T) => Traced<T>
  /** The derivative by a variable of the sum of `output` times `weights`, by the chain rule from the last operation to the first. */
  readonly gradient: (output: Traced<T>, weights: T, variable: Traced<T>) => T
}

/**
 * An interpreter of Ops on top of another: what is done forward and back is written in the other's operations, so that a network's gradient is
 * a network too, for every engine. Learned arrays are constants. Where nothing of this project needs a derivative (of an operation, or by
 * an operand that is stretched), there is none.
 * @throws RangeError where there is none
 */
export function adjoint<T>(inner: Ops<T>): Adjoint<T> {
  /** What an operation's result hands back to its operands. */
  type Back = { readonly results: readonly Traced<T>[]; readonly hand: (gradients: Map<Traced<T>, T>) => void }
  const backs: Back[] = []

  const fixed = (value: T): Traced<T> => ({ value, active: false })
  const variable = (value: T): Traced<T> => ({ value, active: true })
  const give = (gradients: Map<Traced<T>, T>, to: Traced<T>, gradient: T) => {
    const known = gradients.get(to)
    gradients.set(to, known === undefined ? gradient : inner.add(known, gradient))
  }
  /** One result of some operands, each with what a gradient of the result is to it; without that, it has none. */
  function traced(value: T, ...operands: readonly (readonly [Traced<T>, ((gradient: T) => T)?])[]): Traced<T> {
    const moving = operands.filter(([operand]) => operand.active)
    const result = { value, active: moving.length > 0 }
    if (result.active)
      backs.push({
        results: [result],
        hand(gradients) {
          const gradient = gradients.get(result)
          if (gradient === undefined) return
          for (const [operand, back] of moving) {
            if (!back) throw new RangeError('an operation without a derivative')
            give(gradients, operand, sized(back(gradient), operand))
          }
        }
      })
    return result
  }
  function sized(gradient: T, { value }: Traced<T>): T {
    const [found, wanted] = [inner.shape(gradient), inner.shape(value)].map(shape => shape.join('x'))
    if (found !== wanted) throw new RangeError(`a derivative of ${found} by an array of ${wanted}`)
    return gradient
  }
  const number = (value: number) => inner.constant(Float32Array.of(value), [])
  const scaled = (x: T, factor: number) => inner.multiply(x, number(factor))
  const negative = (x: T) => scaled(x, -1)
  const square = (x: T) => inner.multiply(x, x)
  /** The mean of the last dimension, which stays as one. */
  function mean(x: T): T {
    const count = inner.shape(x)[inner.shape(x).length - 1]
    return inner.matmul(x, inner.constant(new Float32Array(count).fill(1 / count), [count, 1]))
  }
  const turned = (x: T) => {
    const axes = inner.shape(x).map((_, i) => i)
    return inner.transpose(x, [...axes.slice(0, -2), axes[axes.length - 1], axes[axes.length - 2]])
  }

  const pointwise =
    (apply: (x: T) => T, derivative?: (x: T, value: T) => T) =>
    (x: Traced<T>): Traced<T> => {
      const value = apply(x.value)
      return traced(value, [x, derivative && (gradient => inner.multiply(gradient, derivative(x.value, value)))])
    }
  const one = number(1)

  const ops: Ops<Traced<T>> = {
    parameter: (name, shape) => fixed(inner.parameter(name, shape)),
    constant: (values, shape) => fixed(inner.constant(values, shape)),
    add: (a, b) => traced(inner.add(a.value, b.value), [a, g => g], [b, g => g]),
    subtract: (a, b) => traced(inner.subtract(a.value, b.value), [a, g => g], [b, negative]),
    multiply: (a, b) =>
      traced(
        inner.multiply(a.value, b.value),
        [a, g => inner.multiply(g, b.value)],
        [b, g => inner.multiply(g, a.value)]
      ),
    divide: (a, b) => traced(inner.divide(a.value, b.value), [a, g => inner.divide(g, b.value)], [b]),
    sin: pointwise(
      x => inner.sin(x),
      x => inner.cos(x)
    ),
    cos: pointwise(
      x => inner.cos(x),
      x => negative(inner.sin(x))
    ),
    sqrt: pointwise(
      x => inner.sqrt(x),
      (_, root) => inner.divide(number(0.5), root)
    ),
    log: pointwise(
      x => inner.log(x),
      x => inner.divide(one, x)
    ),
    sigmoid: pointwise(
      x => inner.sigmoid(x),
      (_, s) => inner.multiply(s, inner.subtract(one, s))
    ),
    relu: pointwise(x => inner.relu(x)),
    silu: pointwise(
      x => inner.silu(x),
      x => {
        const s = inner.sigmoid(x)
        return inner.multiply(s, inner.add(one, inner.multiply(x, inner.subtract(one, s))))
      }
    ),
    gelu: pointwise(x => inner.gelu(x)),
    softmax(x, axis) {
      const value = inner.softmax(x.value, axis)
      const last = axis === -1 || axis === inner.shape(value).length - 1
      const size = inner.shape(value)[inner.shape(value).length - 1]
      const back = (g: T) => {
        const share = inner.multiply(g, value)
        return inner.subtract(share, inner.multiply(value, scaled(mean(share), size)))
      }
      return traced(value, [x, last ? back : undefined])
    },
    linear: (x, weight, bias) =>
      traced(inner.linear(x.value, weight.value, bias?.value), [
        x,
        g => inner.linear(g, inner.transpose(weight.value, [1, 0]))
      ]),
    matmul: (a, b) =>
      traced(
        inner.matmul(a.value, b.value),
        [a, g => inner.matmul(g, turned(b.value))],
        [b, g => inner.matmul(turned(a.value), g)]
      ),
    conv2d: (x, weight, bias, options) =>
      traced(inner.conv2d(x.value, weight.value, bias?.value, options), [
        x,
        g => inner.convTranspose2d(g, weight.value, options)
      ]),
    convTranspose2d: (x, weight, options) =>
      traced(inner.convTranspose2d(x.value, weight.value, options), [
        x,
        g => inner.conv2d(g, weight.value, undefined, options)
      ]),
    averagePool(x, window) {
      const { size, stride, padding = 0 } = window
      const halves = size === 2 && stride === 2 && padding === 0
      return traced(inner.averagePool(x.value, window), [
        x,
        halves ? g => scaled(inner.upsample2(g), 1 / 4) : undefined
      ])
    },
    maxPool: (x, window) => traced(inner.maxPool(x.value, window), [x]),
    upsample2: x => traced(inner.upsample2(x.value), [x, g => scaled(inner.averagePool(g, { size: 2, stride: 2 }), 4)]),
    groupNorm(x, scale, bias, groups, epsilon) {
      const [, channels, height, width] = inner.shape(x.value)
      const grouped = (image: T) => inner.reshape(image, [0, groups, (channels / groups) * height * width])
      return traced(inner.groupNorm(x.value, scale.value, bias.value, groups, epsilon), [
        x,
        g => {
          const centered = inner.subtract(grouped(x.value), mean(grouped(x.value)))
          const deviation = inner.sqrt(inner.add(mean(square(centered)), number(epsilon)))
          const normal = inner.divide(centered, deviation)
          const weighted = grouped(inner.multiply(g, inner.reshape(scale.value, [1, channels, 1, 1])))
          const along = inner.multiply(normal, mean(inner.multiply(weighted, normal)))
          const back = inner.divide(inner.subtract(inner.subtract(weighted, mean(weighted)), along), deviation)
          return inner.reshape(back, [0, channels, height, width])
        }
      ])
    },
    batchNorm: (x, ...moments) => {
      const [scale, bias, average, variance, epsilon] = moments
      return traced(inner.batchNorm(x.value, scale.value, bias.value, average.value, variance.value, epsilon), [x])
    },
    layerNorm: (x, scale, bias, epsilon) => traced(inner.layerNorm(x.value, scale.value, bias.value, epsilon), [x]),
    gather: (table, rows) => traced(inner.gather(table.value, rows.value), [table]),
    argMax: x => fixed(inner.argMax(x.value)),
    reshape: (x, shape) =>
      traced(inner.reshape(x.value, shape), [x, g => inner.reshape(g, inner.shape(x.value).map((size, i) => (i === 0 ? 0 : size)))]), // prettier-ignore
    transpose: (x, order) =>
      traced(inner.transpose(x.value, order), [x, g => inner.transpose(g, order.map((_, i) => order.indexOf(i)))]), // prettier-ignore
    concat(parts, axis) {
      const sizes = parts.map(({ value }) => inner.shape(value)[axis])
      const even = sizes.every(size => size === sizes[0])
      const operands = parts.map(
        (part, k) => [part, even ? (g: T) => inner.split(g, parts.length, axis)[k] : undefined] as const
      )
      return traced(inner.concat(parts.map(({ value }) => value), axis), ...operands) // prettier-ignore
    },
    split(x, parts, axis) {
      const results = inner.split(x.value, parts, axis).map(value => ({ value, active: x.active }))
      if (x.active)
        backs.push({
          results,
          hand(gradients) {
            const found = results.map(result => gradients.get(result) ?? inner.subtract(result.value, result.value))
            give(gradients, x, inner.concat(found, axis))
          }
        })
      return results
    },
    shape: ({ value }) => inner.shape(value)
  }

  return {
    ops,
    variable,
    fixed,
    gradient(output, weights, by) {
      const gradients = new Map([[output, weights]])
      for (const { results, hand } of [...backs].reverse())
        if (results.some(result => gradients.has(result))) hand(gradients)
      const found = gradients.get(by)
      if (found === undefined) throw new RangeError('the output does not depend on the variable')
      return found
    }
  }
}
