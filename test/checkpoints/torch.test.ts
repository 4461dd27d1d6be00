import { describe, expect, it } from 'vitest'
import { elementCount, toFloat32, type Tensor } from '../../src/checkpoints/tensor.js'
import { readZip, writeZip } from '../../src/checkpoints/zip.js'
import { bytesOf, fixture, read, readMap } from './fixtures.js'

describe.each([
  ...['tensors.pt', 'tensors-deflated.pt', 'tensors-legacy.pt'],
  ...['tensors-big.pt', 'tensors-unchecked.pt']
])('%s, as PyTorch writes it', name => {
  const tensors = readMap(fixture(`checkpoints/${name}`)) as Map<string, Tensor>
  const values = (key: string) => [...toFloat32(tensors.get(key)!)]
  const counting = Array.from({ length: 24 }, (_, i) => i)

  it.each([
    ['whole', [2, 3, 4], counting],
    ['transposed', [4, 2, 3], [0, 1, 2, 3].flatMap(k => [0, 4, 8, 12, 16, 20].map(i => i + k))],
    ['slice', [2, 2], [16, 18, 20, 22]],
    ['scalar', [], [2.5]],
    ['empty', [0, 3], []],
    ['expanded', [2, 3], [1, 1, 1, 2, 2, 2]],
    ['parameter', [2], [1, -1]],
    ['double', [1], [Math.fround(0.1)]],
    ['half', [4], [1, -0.5, 65504, 2 ** -24]],
    ['bfloat', [2], [1, -3.140625]]
  ])('holds the %s tensor in row-major order', (key, shape, expected) => {
    expect(tensors.get(key)?.shape).toEqual(shape)
    expect(values(key)).toEqual(expected)
  })

  it('holds whole numbers and truth values as their bytes', () => {
    expect(tensors.get('long')).toMatchObject({ dtype: 'int64', shape: [2] })
    expect(Buffer.from(tensors.get('long')!.data).readBigInt64LE()).toBe(-(2n ** 40n))
    expect(bytesOf(tensors.get('bool')!)).toEqual([1, 0])
    expect(bytesOf(tensors.get('byte')!)).toEqual([255])
    expect(() => toFloat32(tensors.get('long')!)).toThrow(/int64 where one of floating-point numbers is needed/)
  })

  it('has bytes for each of its elements, and none besides', () => {
    for (const { dtype, shape, data } of tensors.values()) {
      const size = { float64: 8, int64: 8, float32: 4, float16: 2, bfloat16: 2 }[dtype as string] ?? 1
      expect(data.byteLength).toBe(size * elementCount(shape))
    }
  })

  it('that is cut off anywhere says so', () => {
    const bytes = fixture(`checkpoints/${name}`)
    for (let length = 3; length < bytes.length; length += 11)
      expect(() => read(bytes.subarray(0, length))).toThrow(/^net\.pkl: .*(ends in the middle|cut off or damaged)/)
  })
})

describe('a PyTorch file', () => {
  const legacy = fixture('checkpoints/tensors-legacy.pt')

  it('of tensors that do not fit their storage is refused', () => {
    const bytes = Buffer.from(legacy)
    const sizes = bytes.indexOf(Buffer.from('K\x02K\x03K\x04\x87', 'latin1'))
    expect(sizes).toBeGreaterThan(0)
    bytes[sizes + 1] = 200
    expect(() => read(bytes)).toThrow(/a tensor is larger than its data/)
  })

  it.each([
    ['little-endian by its record', 'little', [0, 1, 2, 3]],
    ['little-endian without a record', undefined, [0, 1, 2, 3]]
  ])('%s is read as it is', (_, order, start) => {
    const whole = readMap(reordered(order)).get('whole') as Tensor
    expect([...toFloat32(whole)].slice(0, 4)).toEqual(start)
  })

  it('of another byte order than there is names it', () => {
    expect(() => read(reordered('middle'))).toThrow('net.pkl: its byteorder is "middle"; expected little or big')
  })

  it('of a big-endian machine before 1.6 is refused, since the order of its bytes is not certain', () => {
    const at = legacy.indexOf('little_endian')
    const truth = legacy.indexOf(0x88, at)
    expect(at > 0 && truth - at < 20).toBe(true)
    const bytes = Buffer.from(legacy)
    bytes[truth] = 0x89
    expect(() => read(bytes)).toThrow(/little_endian is False/)
  })

  it('with one bit of its data changed is damaged', () => {
    const bytes = fixture('checkpoints/tensors.pt')
    const at = bytes.indexOf(Buffer.from(new Float32Array([1, 2, 3, 4]).buffer))
    expect(at).toBeGreaterThan(0)
    bytes[at] ^= 4
    expect(() => read(bytes)).toThrow(/damaged \(\S*data\/0 has the CRC-32 \w{8}, and \w{8} was written\); download/)
  })

  it('without checksums of its storages is read, and one whose checksums are 0 here and there is not', () => {
    const bytes = fixture('checkpoints/tensors.pt')
    const entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), bytes.lastIndexOf('data/1') - 60)
    bytes.writeUInt32LE(0, entry + 16)
    expect(() => read(bytes)).toThrow(/00000000 was written/)
  })

  it('of a storage type that is not known names it', () => {
    const bytes = Buffer.from(legacy.toString('latin1').replace('DoubleStorage', 'BubbleStorage'), 'latin1')
    expect(() => read(bytes)).toThrow(/data of an unknown kind, torch\.BubbleStorage/)
  })
})

/** The same archive with another word on the order of its bytes. */
function reordered(order: string | undefined): Buffer {
  const zip = readZip(fixture('checkpoints/tensors.pt'), 'tensors.pt')
  const names = zip.names.filter(name => !name.endsWith('/byteorder'))
  const files = new Map(names.map(name => [name, zip.read(name) ?? Buffer.alloc(0)]))
  if (order !== undefined) files.set(`${names[0].split('/')[0]}/byteorder`, Buffer.from(order))
  return writeZip(files)
}

describe('a zip', () => {
  const stored = fixture('checkpoints/tensors.pt')
  const deflated = fixture('checkpoints/tensors-deflated.pt')

  it('without data.pkl is not a PyTorch file', () => {
    const bytes = Buffer.from(stored.toString('latin1').replaceAll('data.pkl', 'data.txt'), 'latin1')
    expect(() => read(bytes)).toThrow(/a zip without data\.pkl/)
  })

  it('that says it unpacks to far too much is refused before it is unpacked', () => {
    const bytes = Buffer.from(deflated)
    let entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    for (; entry >= 0; entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), entry + 1))
      bytes.writeUInt32LE(0xf0000000, entry + 24)
    expect(() => read(bytes)).toThrow(/unpacks to far too much/)
  })

  it('packed in a way that is not known says so', () => {
    const bytes = Buffer.from(deflated)
    bytes.writeUInt16LE(14, bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 10)
    expect(() => read(bytes)).toThrow(/packed by method 14/)
  })
})
