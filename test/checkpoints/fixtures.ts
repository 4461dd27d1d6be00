import { readFileSync } from 'node:fs'
import { readCheckpointBytes } from '../../src/checkpoints/checkpoint.js'
import type { Tensor, Tree } from '../../src/checkpoints/tensor.js'

const folder = new URL('../fixtures/', import.meta.url)

export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, folder))
}

export function read(bytes: Uint8Array): Tree {
  return readCheckpointBytes(Buffer.from(bytes), 'net.pkl')
}

export function readMap(bytes: Uint8Array): ReadonlyMap<Tree, Tree> {
  const tree = read(bytes)
  if (!(tree instanceof Map)) throw new Error('not a dictionary')
  return tree
}

/** A pickle of protocol 2: opcodes as characters, `\xNN` for bytes. */
export function pickle(body: string): Buffer {
  return Buffer.from(`\x80\x02${body}.`, 'latin1')
}

export function safetensors(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, data])
}

export function bytesOf({ data }: Tensor): number[] {
  return [...data]
}
