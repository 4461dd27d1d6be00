import type { Kernel, Options, Program, Step } from './program.js'

/** An array of the program. */
export interface Value {
  readonly at: number
  /** Its size as Ops has it: images [batch, channels, height, width], -1 for the batch. */
  readonly shape: readonly number[]
  /** Whether the channels really stand last, as TensorFlow.js wants images. */
  readonly last: boolean
  /** Whether it depends on no input. */
  readonly constant: boolean
}

/**
 * A program while it is recorded. Arrays are numbered by their order. What depends on no input is set apart, to be done
 * once.
 */
export class ProgramBuilder {
  readonly #inputs: { name: string; at: number }[] = []
  readonly #constants: { at: number; shape: readonly number[]; values: Float32Array }[] = []
  readonly #parameters = new Map<string, Value>()
  readonly #preparation: Step[] = []
  readonly #steps: Step[] = []
  #count = 0

  input(name: string, shape: readonly number[]): Value {
    const value = this.#value(shape, false, false)
    this.#inputs.push({ name, at: value.at })
    return value
  }

  constant(values: Float32Array, shape: readonly number[]): Value {
    const value = this.#value(shape, false, true)
    this.#constants.push({ at: value.at, shape, values })
    return value
  }

  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), [])
  }

  /** A learned array, read once. */
  parameter(name: string, shape: readonly number[], read: () => Float32Array): Value {
    const value = this.#parameters.get(name) ?? this.constant(read(), shape)
    this.#parameters.set(name, value)
    return value
  }

  /** Adds an operation with one result. `last` tells whether the result has its channels last. */
  emit(
    kernel: Kernel,
    operands: readonly Value[],
    shape: readonly number[],
    options: Options = {},
    last = false
  ): Value {
    const [value] = this.emitAll(kernel, operands, [shape], options, last)
    return value
  }

  /** Adds an operation with a result for each shape. */
  emitAll(
    kernel: Kernel,
    operands: readonly Value[],
    shapes: readonly (readonly number[])[],
    options: Options,
    last: boolean
  ): Value[] {
    const constant = operands.every(operand => operand.constant)
    const results = shapes.map(shape => this.#value(shape, last, constant))
    const list = constant ? this.#preparation : this.#steps
    list.push({
      kernel,
      operands: operands.map(({ at }) => at),
      results: results.map(({ at }) => at),
      options,
      free: []
    })
    return results
  }

  /** The program of everything recorded, with these outputs. */
  finish(outputs: readonly Value[]): Program {
    const answers = outputs.map(({ at }) => at)
    const kept = new Set([
      ...this.#constants.map(({ at }) => at),
      ...this.#preparation.flatMap(({ results }) => results),
      ...answers
    ])
    return {
      inputs: this.#inputs,
      constants: this.#constants,
      preparation: this.#preparation,
      steps: withLastUses(this.#steps, kept),
      outputs: answers
    }
  }

  #value(shape: readonly number[], last: boolean, constant: boolean): Value {
    return { at: this.#count++, shape, last, constant }
  }
}

/** Each step with the arrays that it is the last to use, and those of its results that nothing uses. */
function withLastUses(steps: readonly Step[], kept: ReadonlySet<number>): Step[] {
  const seen = new Set(kept)
  const backwards = [...steps].reverse().map(step => {
    const free = [...new Set([...step.operands, ...step.results])].filter(at => !seen.has(at))
    for (const at of free) seen.add(at)
    return { ...step, free }
  })
  return backwards.reverse()
}
