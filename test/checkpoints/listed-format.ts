import type { Format } from '../../src/checkpoints/format.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'

const HEAD = 'LISTED\n'

type Listed = Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>

/** A format of its own: a head, and tensors as lists in JSON. */
export const LISTED: Format = {
  name: 'a list of numbers',
  recognises: ({ bytes }) => bytes.toString('latin1', 0, HEAD.length) === HEAD,
  read({ bytes }) {
    const listed = JSON.parse(bytes.toString('utf8', HEAD.length)) as Listed
    const tensors = Object.entries(listed).map(([name, { shape, values }]): [string, Tensor] => {
      const data = new Uint8Array(Float32Array.from(values).buffer)
      return [name, { kind: 'tensor', dtype: 'float32', shape, data }]
    })
    return { kind: 'tensors', tensors: new Map(tensors), metadata: () => ({}) }
  }
}

export function encodeListed(tensors: Listed): Buffer {
  return Buffer.from(HEAD + JSON.stringify(tensors))
}
