import { PbfWriter } from 'pbf'

/** The part of ONNX's protobuf format (onnx.proto3) that a recorded graph needs. */
export interface ModelProto {
  readonly opset: number
  readonly graph: GraphProto
}

export interface GraphProto {
  readonly nodes: readonly NodeProto[]
  readonly initializers: readonly TensorProto[]
  readonly inputs: readonly ValueProto[]
  readonly outputs: readonly ValueProto[]
}

export interface NodeProto {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, Attribute>>
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string }

export interface TensorProto {
  readonly name: string
  readonly type: 'float16' | 'float32' | 'float64' | 'int64'
  readonly shape: readonly number[]
  /** Little-endian, row-major. */
  readonly data: Uint8Array
  /** Where the data stands in a file beside the model, if it is not within it. */
  readonly external?: { readonly file: string; readonly offset: number }
}

export interface ValueProto {
  readonly name: string
  /** -1: the batch; a name: a size that differs from run to run, the same wherever it stands. */
  readonly shape: readonly (number | string)[]
  /** Default: float32. */
  readonly type?: TensorProto['type']
}

const IR_VERSION = 10
/** Types by ONNX's numbers. */
export const ELEMENT_TYPE = { float32: 1, int64: 7, float16: 10, float64: 11 } as const
const ATTRIBUTE_TYPE = { float: 1, int: 2, text: 3, ints: 7 } as const
const EXTERNAL = 1

/** The bytes of an .onnx file. */
export function encodeModel({ opset, graph }: ModelProto): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, IR_VERSION)
  pbf.writeStringField(2, 'epd-run')
  pbf.writeMessage(7, writeGraph, graph)
  pbf.writeMessage(8, writeOpset, opset)
  return pbf.finish()
}

function writeOpset(version: number, pbf: PbfWriter): void {
  pbf.writeStringField(1, '')
  pbf.writeVarintField(2, version)
}

function writeGraph({ nodes, initializers, inputs, outputs }: GraphProto, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node)
  pbf.writeStringField(2, 'network')
  for (const tensor of initializers) pbf.writeMessage(5, writeTensor, tensor)
  for (const value of inputs) pbf.writeMessage(11, writeValue, value)
  for (const value of outputs) pbf.writeMessage(12, writeValue, value)
}

function writeNode({ operator, inputs, outputs, attributes = {} }: NodeProto, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input)
  for (const output of outputs) pbf.writeStringField(2, output)
  pbf.writeStringField(4, operator)
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute)
}

function writeAttribute([name, value]: [string, Attribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name)
  if ('float' in value) {
    pbf.writeFloatField(2, value.float)
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.float)
  } else if ('int' in value) {
    pbf.writeVarintField(3, value.int)
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.int)
  } else if ('text' in value) {
    pbf.writeStringField(4, value.text)
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.text)
  } else {
    for (const int of value.ints) pbf.writeVarintField(8, int)
    pbf.writeVarintField(20, ATTRIBUTE_TYPE.ints)
  }
}

function writeTensor({ name, type, shape, data, external }: TensorProto, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size)
  pbf.writeVarintField(2, ELEMENT_TYPE[type])
  pbf.writeStringField(8, name)
  if (!external) {
    pbf.writeBytesField(9, data)
    return
  }
  const entries = { location: external.file, offset: external.offset, length: data.byteLength }
  for (const [key, value] of Object.entries(entries)) pbf.writeMessage(13, writeEntry, [key, String(value)])
  pbf.writeVarintField(14, EXTERNAL)
}

function writeEntry([key, value]: readonly string[], pbf: PbfWriter): void {
  pbf.writeStringField(1, key)
  pbf.writeStringField(2, value)
}

function writeValue(value: ValueProto, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.name)
  pbf.writeMessage(
    2,
    (of, type) => {
      type.writeMessage(1, writeTensorType, of)
    },
    value
  )
}

function writeTensorType({ shape, type = 'float32' }: ValueProto, pbf: PbfWriter): void {
  pbf.writeVarintField(1, ELEMENT_TYPE[type])
  pbf.writeMessage(
    2,
    (sizes, inner) => {
      for (const size of sizes) inner.writeMessage(1, writeDimension, size)
    },
    shape
  )
}

function writeDimension(size: number | string, pbf: PbfWriter): void {
  if (typeof size === 'string') pbf.writeStringField(2, size)
  else if (size < 0) pbf.writeStringField(2, 'batch')
  else pbf.writeVarintField(1, size)
}
