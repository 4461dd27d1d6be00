import type { Ops } from '../ops.js'

/** An array on its way forward. */
export interface Traced<T> {
  readonly value: T
  /** Whether it depends on a variable. */
  readonly active: boolean
}

/** What a gradient of an operation's result is to one of its operands. */
export type Derivative<T> = (gradient: T) => T

/** An operand with its derivative; without one, the operation has none by it. */
export type Operand<T> = readonly [operand: Traced<T>, derivative?: Derivative<T>]

type Gradients<T> = Map<Traced<T>, T>

/** What an operation's results hand back to its operands. */
interface Back<T> {
  readonly results: readonly Traced<T>[]
  readonly hand: (gradients: Gradients<T>) => void
}

/** The operations done so far, each with its way back. All arithmetic is written in the operations of `inner`. */
export class Tape<T> {
  readonly inner: Ops<T>
  /** The number 1 as an array. */
  readonly one: T
  readonly #backs: Back<T>[] = []

  constructor(inner: Ops<T>) {
    this.inner = inner
    this.one = this.number(1)
  }

  number(value: number): T {
    return this.inner.constant(Float32Array.of(value), [])
  }

  /** The result of an operation on some operands. */
  traced(value: T, ...operands: readonly Operand<T>[]): Traced<T> {
    const moving = operands.filter(([operand]) => operand.active)
    const result = { value, active: moving.length > 0 }
    if (result.active)
      this.#backs.push({
        results: [result],
        hand: gradients => {
          this.#hand(gradients, result, moving)
        }
      })
    return result
  }

  /**
   * The results of an operation on one operand, whose derivative is given a gradient of each; a result that nothing
   * uses has one of zeros.
   */
  tracedAll(values: readonly T[], operand: Traced<T>, derivative: (gradients: readonly T[]) => T): Traced<T>[] {
    const { inner } = this
    const results = values.map(value => ({ value, active: operand.active }))
    const hand = (gradients: Gradients<T>) => {
      const found = results.map(result => gradients.get(result) ?? inner.subtract(result.value, result.value))
      this.#give(gradients, operand, derivative(found))
    }
    if (operand.active) this.#backs.push({ results, hand })
    return results
  }

  /**
   * The derivative by `by` of the sum of `output` times `weights`, by the chain rule from the last operation to the
   * first.
   */
  gradient(output: Traced<T>, weights: T, by: Traced<T>): T {
    const gradients: Gradients<T> = new Map([[output, weights]])
    for (const { results, hand } of [...this.#backs].reverse())
      if (results.some(result => gradients.has(result))) hand(gradients)
    const found = gradients.get(by)
    if (found === undefined) throw new RangeError('the output does not depend on the variable')
    return found
  }

  #hand(gradients: Gradients<T>, result: Traced<T>, operands: readonly Operand<T>[]): void {
    const gradient = gradients.get(result)
    if (gradient === undefined) return
    for (const [operand, derivative] of operands) {
      if (!derivative) throw new RangeError('an operation without a derivative')
      this.#give(gradients, operand, this.#sized(derivative(gradient), operand))
    }
  }

  #give(gradients: Gradients<T>, to: Traced<T>, gradient: T): void {
    const known = gradients.get(to)
    gradients.set(to, known === undefined ? gradient : this.inner.add(known, gradient))
  }

  #sized(gradient: T, { value }: Traced<T>): T {
    const [found, wanted] = [this.inner.shape(gradient), this.inner.shape(value)].map(shape => shape.join('x'))
    if (found !== wanted) throw new RangeError(`a derivative of ${found} by an array of ${wanted}`)
    return gradient
  }
}
