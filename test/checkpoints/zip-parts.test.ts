import { describe, expect, it } from 'vitest'
import { npyHeader } from '../../src/checkpoints/npy.js'
import { readNpy } from '../../src/checkpoints/numpy-array.js'
import { readZip } from '../../src/checkpoints/zip.js'
import { zipParts, type ZipPart } from '../../src/checkpoints/zip-parts.js'

async function archive(files: readonly ZipPart[]): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of zipParts(files)) parts.push(part)
  return Buffer.concat(parts)
}

async function* slowly(parts: readonly Uint8Array[]) {
  for (const part of parts) yield await Promise.resolve(part)
}

describe('zipParts', () => {
  it('writes files in parts, which readers of zip64 find whole', async () => {
    const bytes = await archive([
      {
        name: 'arr_0.npy',
        parts: slowly([npyHeader('uint8', [2, 3]), Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)])
      },
      { name: 'arr_1.npy', parts: [npyHeader('int64', [2]), new Uint8Array(BigInt64Array.of(7n, -1n).buffer)] },
      { name: 'empty', parts: [] }
    ])
    const zip = readZip(bytes, 'test.npz')
    expect(zip.names).toEqual(['arr_0.npy', 'arr_1.npy', 'empty'])
    const array = (name: string) => readNpy(zip.read(name) ?? Buffer.alloc(0))
    expect(array('arr_0.npy')).toEqual({ shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) })
    expect([...array('arr_1.npy').data]).toEqual([7, -1])
    expect(zip.read('empty')?.length).toBe(0)
  })

  it('holds checksums of the parts together', async () => {
    const bytes = await archive([{ name: 'a', parts: [Buffer.from('first'), Buffer.from('second')] }])
    bytes[bytes.indexOf('second')] = 0
    expect(() => readZip(bytes, 'test.zip').read('a')).toThrow('CRC-32')
  })

  it('gives the same bytes whenever it is written, however the parts are cut', async () => {
    const [a, b] = await Promise.all(
      [[Buffer.from('abcdef')], [Buffer.from('ab'), Buffer.from('cdef')]].map(parts => archive([{ name: 'a', parts }]))
    )
    expect(a.equals(b)).toBe(true)
  })
})
