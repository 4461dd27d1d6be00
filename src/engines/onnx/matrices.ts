import { encodeModel, type Attribute, type NodeProto } from './proto.js'
import { OPSET } from './recorder.js'
import { openSession, type Session } from './session.js'

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
  /** Q^T b Q for Q = 1 - v t v^T, with b the rows and columns of the symmetric a but the first ones, as many as t has. */
  reflect(a: Matrix, v: Matrix, t: Matrix): Promise<Matrix>
  close(): Promise<void>
}

/** Each product's session is opened when it is first asked for. */
export function openMatrices(): Matrices {
  const [square, congruence, reflection] = [
    formula('a', ['a', 'l'], [node('Gemm', ['l', 'l', 'a'], { alpha: { float: -1 }, transA: { int: 1 } })]),
    formula(
      'l',
      ['l', 'b'],
      [node('MatMul', ['l', 'b'], {}, 'lb'), node('Transpose', ['l'], {}, 'lt'), node('MatMul', ['lb', 'lt'])]
    ),
    // b - v w^T - w v^T with y = b v t, s = t^T v^T y and w = y - v s / 2 (Bischof & Van Loan 1987; Dongarra, Hammarling & Sorensen 1989).
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
    )
  ]
  return {
    subtractSquare: (a, l) => square.run({ a, l }, a.rows),
    congruence: (l, b) => congruence.run({ l, b }, l.rows),
    reflect: (a, v, t) => reflection.run({ a, v, t }, v.rows),
    async close() {
      await Promise.all([square, congruence, reflection].map(each => each.close()))
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

/** A square result of matrices of any size; it has as many rows as `like`. */
function formula(like: string, operands: readonly string[], nodes: readonly NodeProto[]) {
  const inputs = operands.map(name => ({ name, shape: [`${name} rows`, `${name} columns`], type: 'float64' as const }))
  const outputs = [{ name: RESULT, shape: [`${like} rows`, `${like} rows`], type: 'float64' as const }]
  const path = encodeModel({ opset: OPSET, graph: { nodes, initializers: [], inputs, outputs } })
  let session: Promise<Session> | undefined
  return {
    async run(given: Readonly<Record<string, Matrix>>, size: number): Promise<Matrix> {
      const feeds = Object.entries(given).map(([name, { rows, columns, data }]) => ({
        ...{ name, shape: [rows, columns], data }
      }))
      const data = await (await (session ??= openSession({ path }))).run(feeds)
      if (!(data instanceof Float64Array)) throw new TypeError('a product in single precision')
      return { rows: size, columns: size, data }
    },
    async close() {
      await (await session)?.close()
    }
  }
}
