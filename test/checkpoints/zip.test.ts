import { describe, expect, it } from 'vitest'
import { readZip, writeZip } from '../../src/checkpoints/zip.js'

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

  it('that is cut off anywhere is refused', () => {
    const bytes = writeZip(files)
    for (let length = 0; length < bytes.length; length += 13)
      expect(() => readZip(bytes.subarray(0, length), 'a.zip')).toThrow(
        /^a\.zip: the zip archive is cut off or damaged/
      )
  })
})
