import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileSystemOf } from '../../src/files/file-system.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-file-system-'))

describe('the file system of a folder', () => {
  it('is a local one here', () => {
    expect(fileSystemOf(folder)).toEqual({ name: 'a local file system', isShared: false })
  })

  it.runIf(process.platform === 'linux').each([
    [0x6969, 'NFS', false],
    [0x0bd00bd0, 'Lustre', false],
    [0x47504653, 'GPFS', false],
    [0x01161970, 'GFS2', false],
    [0xfe534d42, 'SMB', true],
    [0x01021997, '9P', true],
    [-0x45345344, 'a folder of VMware', true],
    [-0x00acb2be, 'SMB', true],
    [0x65735546, 'FUSE', true]
  ])('is told by the number %i: %s', (type, name, isWarnedOf) => {
    const found = fileSystemOf(folder, () => ({ type }))
    expect(found).toMatchObject({ name, isShared: true })
    expect(found.warning !== undefined).toBe(isWarnedOf)
  })

  it('is warned of where a program copies it', () => {
    const synced = join(folder, 'Dropbox (Lab)', 'runs')
    mkdirSync(synced, { recursive: true })
    expect(fileSystemOf(synced)).toMatchObject({ name: 'Dropbox (Lab)', isShared: false })
    mkdirSync(join(folder, 'own', '.dropbox.cache'), { recursive: true })
    mkdirSync(join(folder, 'own', 'runs'))
    expect(fileSystemOf(join(folder, 'own', 'runs')).warning).toContain('can damage them')
  })
})
