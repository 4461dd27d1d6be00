import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ChangedFile, openVerified } from '../../src/files/verified.js'

const RIGHT = 'right'
const digest = createHash('sha256').update(RIGHT).digest('hex')
let path: string
let closed: string[]

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'epd-verified-')), 'x')
  closed = []
  writeFileSync(path, RIGHT)
})

/** What it read when it was opened; `meanwhile` happens while it is. */
const open = (meanwhile: () => void = () => undefined) =>
  openVerified([{ path, digest }], async () => {
    const content = readFileSync(path, 'utf8')
    await new Promise(resolve => setImmediate(resolve))
    meanwhile()
    return {
      content,
      close: () => {
        closed.push(content)
        return Promise.resolve()
      }
    }
  })

function replace(content: string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

describe('what is opened', () => {
  it('is given out where its files hold what they should', async () => {
    expect((await open()).content).toBe(RIGHT)
    expect(closed).toEqual([])
  })

  it('is closed and refused where they do not', async () => {
    writeFileSync(path, 'wrong')
    await expect(open()).rejects.toThrow(ChangedFile)
    expect(closed).toEqual(['wrong'])
  })

  it('is opened again where its file was made good only after it had read it', async () => {
    writeFileSync(path, 'wrong')
    const opened = await open(() => {
      if (readFileSync(path, 'utf8') === 'wrong') replace(RIGHT)
    })
    expect(opened.content).toBe(RIGHT)
    expect(closed).toEqual(['wrong'])
  })

  it('is refused where its file goes bad meanwhile', async () => {
    await expect(
      open(() => {
        replace('wrong')
      })
    ).rejects.toThrow(ChangedFile)
    expect(closed).toContain(RIGHT)
  })
})
