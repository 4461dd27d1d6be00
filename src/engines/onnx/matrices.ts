import { encodeModel, type Attribute, type NodeProto } from './proto.js'
import { OPSET } from './recorder.js'
import type { Session } from '../session.js'
import { openSession } from './session.js'
import { abortable } from '../../turns.js'

/** A matrix in double precision, row-major. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** Handed over where the matrix is an operand: not to be used afterwards. */
  readonly data: Float64Array<ArrayBuffer>
}

/** Products of large matrices, on ONNX Runtime. */
export interface Matrices {
  /** a - l^T l */
  subtractSquare(a: Matrix, l: Matrix): Promise<Matrix>
  /** l b l^T, b symmetric */
  congruence(l: Matrix, b: Matrix): Promise<Matrix>
  /**
   * Q^T b Q for Q = 1 - v t v^T, with b the rows and columns of the symmetric a but the first ones, as many as t has.
   */
  reflect(a: Matrix, v: Matrix, t: Matrix): Promise<Matrix>
  /** a b^T, row-major. */
  timesTransposed(a: Matrix, b: Matrix): Promise<Float64Array>
  close(): Promise<void>
}

/**
 * Each product's session is opened when it is first asked for. A product that is under way when the signal is aborted
 * is waited for no longer: it fails with the signal's reason.
 */
export function openMatrices(signal?: AbortSignal): Matrices {
  const [square, congruence, reflection, outer] = [
    formula('a', ['a', 'l'], [node('Gemm', ['l', 'l', 'a'], { alpha: { float: -1 }, transA: { int: 1 } })]),
    formula(
      'l',
      ['l', 'b'],
      [node('MatMul', ['l', 'b'], {}, 'lb'), node('Transpose', ['l'], {}, 'lt'), node('MatMul', ['lb', 'lt'])]
    ),
    // b - v w^T - w v^T with y = b v t, s = t^T v^T y and w = y - v s / 2 (Bischof & Van Loan 1987; Dongarra,
    // Hammarling & Sorensen 1989).
    formula(
      'v',
      ['a', 'v', 't'],
      [
        node('Shape', ['t'], {}, 'first'),
        node('Shape', ['a'], {}, 'end'),
        node('Slice', ['a', 'first', 'end'], {}, 'b'),
        node('MatMul', ['b', 'v'], {}, 'bv'),
        node('MatMul', ['bv', 't'], {}, 'y'),
        node('Gemm', ['v', 'y'], { transA: { int: 1 } }, 'vy'),
        node('Gemm', ['t', 'vy'], { transA: { int: 1 } }, 's'),
        node('Gemm', ['v', 's', 'y'], { alpha: { float: -0.5 } }, 'w'),
        node('Concat', ['v', 'w'], { axis: { int: 1 } }, 'vw'),
        node('Concat', ['w', 'v'], { axis: { int: 1 } }, 'wv'),
        node('Gemm', ['vw', 'wv', 'b'], { alpha: { float: -1 }, transB: { int: 1 } })
      ]
    ),
    formula('a', ['a', 'b'], [node('Gemm', ['a', 'b'], { transB: { int: 1 } })], 'b')
  ]
  return {
    subtractSquare: async (a, l) => squareOf(a.rows, await abortable(square.run({ a, l }), signal)),
    congruence: async (l, b) => squareOf(l.rows, await abortable(congruence.run({ l, b }), signal)),
    reflect: async (a, v, t) => squareOf(v.rows, await abortable(reflection.run({ a, v, t }), signal)),
    timesTransposed: (a, b) => abortable(outer.run({ a, b }), signal),
    async close() {
      const closed = Promise.all([square, congruence, reflection, outer].map(each => each.close()))
      if (signal?.aborted) closed.catch(() => undefined)
      else await closed
    }
  }
}

const RESULT = 'result'

function node(
  operator: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  output = RESULT
): NodeProto {
  return { operator, inputs, outputs: [output], attributes }
}

function squareOf(size: number, data: Float64Array<ArrayBuffer>): Matrix {
  return { rows: size, columns: size, data }
}

/** A result of matrices of any size; it has as many rows as `rows`, and as many columns as `columns` has rows. */
function formula(rows: string, operands: readonly string[], nodes: readonly NodeProto[], columns = rows) {
  const inputs = operands.map(name => ({ name, shape: [`${name} rows`, `${name} columns`], type: 'float64' as const }))
  const outputs = [{ name: RESULT, shape: [`${rows} rows`, `${columns} rows`], type: 'float64' as const }]
  const path = encodeModel({ opset: OPSET, graph: { nodes, initializers: [], inputs, outputs } })
  let session: Promise<Session> | undefined
  return {
    async run(given: Readonly<Record<string, Matrix>>): Promise<Float64Array<ArrayBuffer>> {
      const feeds = Object.entries(given).map(([name, { rows, columns, data }]) => ({
        ...{ name, shape: [rows, columns], data }
      }))
      const [data] = await (await (session ??= openSession({ path }))).run(feeds)
      if (!(data instanceof Float64Array)) throw new TypeError('a product in single precision')
      return data
    },
    async close() {
      await (await session)?.close()
    }
  }
}
