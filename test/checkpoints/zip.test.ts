import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readZip, writeZip } from '../../src/checkpoints/zip.js'
import { portable } from '../../src/random/crc32.js'

interface Packed {
  readonly flags?: number
  readonly wide?: boolean
  readonly crc?: number
  readonly size?: number
  readonly content?: string
}

/** An archive of the files a and b, of which a is written as it is said. */
function packed(method: number, { flags = 0, wide = false, crc, size, content = 'first' }: Packed = {}): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  const add = (name: string, text: string, own: Packed) => {
    const data = Buffer.from(text, 'latin1')
    const stored = method === 8 ? deflateRawSync(data) : data
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    const extra = Buffer.alloc(own.wide ? 20 : 0)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(own.flags ?? 0, 8)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(own.crc ?? portable(data), 16)
    entry.writeUInt32LE(own.wide ? 0xffffffff : stored.length, 20)
    entry.writeUInt32LE(own.wide ? 0xffffffff : (own.size ?? data.length), 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(extra.length, 30)
    if (own.wide) {
      extra.writeUInt16LE(1)
      extra.writeUInt16LE(16, 2)
      extra.writeBigUInt64LE(BigInt(data.length), 4)
      extra.writeBigUInt64LE(BigInt(stored.length), 12)
    }
    entry.writeUInt32LE(Buffer.concat(parts).length, 42)
    parts.push(local, Buffer.from(name), stored)
    directory.push(entry, Buffer.from(name), extra)
  }
  add('a', content, { flags, wide, crc, size })
  add('b', 'second', {})
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(2, 8)
  end.writeUInt16LE(2, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(Buffer.concat(parts).length, 16)
  return Buffer.concat([...parts, index, end])
}

describe('a zip archive', () => {
  const files = new Map([
    ['mu.npy', Buffer.from('some bytes')],
    ['ordner/größe.bin', Buffer.alloc(1000, 7)],
    ['empty', Buffer.alloc(0)]
  ])

  it('is read as it was written', () => {
    const archive = readZip(writeZip(files), 'a.zip')
    expect(archive.names).toEqual([...files.keys()])
    for (const [name, data] of files) expect(archive.read(name)).toEqual(data)
    expect(archive.read('none')).toBeUndefined()
  })

  it('has the same bytes whenever it is written', () => {
    expect(writeZip(files)).toEqual(writeZip(files))
  })

  it.each(['../a', 'a/../../b', '/etc/passwd', 'C:\\a', '..\\a'])('with an entry named %s is refused', name => {
    const bytes = writeZip(new Map([[name, Buffer.alloc(1)]]))
    expect(() => readZip(bytes, 'a.zip')).toThrow('which is outside of it')
  })

  it.each([
    ['stored', 0],
    ['deflated', 8]
  ])('with one bit of a %s file changed is damaged, and its other files are not', (_, method) => {
    const bytes = packed(method)
    bytes[bytes.indexOf(method === 0 ? 'first' : deflateRawSync(Buffer.from('first'))) + 2] ^= 8
    const archive = readZip(bytes, 'a.zip')
    expect(() => archive.read('a')).toThrow(/^a\.zip: the zip archive is cut off or damaged \(.*\); download/)
    expect(archive.read('b')?.toString()).toBe('second')
  })

  it.each<readonly [string, Packed]>([
    ['sizes behind the data (a data descriptor)', { flags: 8 }],
    ['sizes of 64 bits', { wide: true }],
    ['no bytes at all', { content: '' }]
  ])('with %s is read, and its checksum is looked at', (_, how) => {
    for (const method of [0, 8]) {
      const content = how.content ?? 'first'
      expect(readZip(packed(method, how), 'a.zip').read('a')?.toString()).toBe(content)
      expect(() => readZip(packed(method, { ...how, crc: 1 }), 'a.zip').read('a')).toThrow(
        /a has the CRC-32 \w{8}, and 00000001 was written/
      )
    }
  })

  it('that says that a file is longer or shorter than it is is damaged', () => {
    for (const method of [0, 8])
      for (const size of [4, 6])
        expect(() => readZip(packed(method, { size }), 'a.zip').read('a')).toThrow(/is cut off or damaged/)
  })

  it('with a password, or packed otherwise, is not called damaged', () => {
    expect(() => readZip(packed(0, { flags: 1 }), 'a.zip').read('a')).toThrow(
      /^a\.zip: a in it is encrypted; unpack it/
    )
    expect(() => readZip(packed(14), 'a.zip').read('a')).toThrow(/^a\.zip: a in it is packed by method 14, which/)
  })

  it('of zeros that shrink by a thousand is read', () => {
    const zeros = Buffer.alloc(1 << 22)
    const archive = readZip(packed(8, { content: zeros.toString('latin1') }), 'a.zip')
    expect(archive.read('a')?.equals(zeros)).toBe(true)
  })

  it('that is cut off anywhere is refused', () => {
    const bytes = writeZip(files)
    for (let length = 0; length < bytes.length; length += 13)
      expect(() => readZip(bytes.subarray(0, length), 'a.zip')).toThrow(
        /^a\.zip: the zip archive is cut off or damaged/
      )
  })
})
