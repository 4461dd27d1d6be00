import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../../support/cli.js'
import { smallRun } from '../../support/small-run.js'

const { whole } = smallRun()
const target = () => join(temporaryFolder(), 'report.html')

describe('epd-run report', () => {
  it('writes one page, and says how large it is', async () => {
    const out = target()
    const { code, stdout, stderr } = await epdRun(['report', 'small', '-o', out, '--store', whole])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^${out} {2}[\\d.]+ MB\n$`))
    expect(readFileSync(out, 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\s*$/)
  })

  it('tells programs the file and its size', async () => {
    const out = target()
    const { stdout } = await epdRun(['report', 'small', '--out', out, '--store', whole, '--json'])
    expect(JSON.parse(stdout)).toEqual({ file: out, bytes: readFileSync(out).length })
  })

  it('writes nothing over a file that is there, and nothing of a run that is not', async () => {
    const out = target()
    writeFileSync(out, 'mine')
    const there = await epdRun(['report', 'small', '-o', out, '--store', whole])
    expect([there.code, there.stderr]).toEqual([2, expect.stringContaining('is there already')])
    expect(readFileSync(out, 'utf8')).toBe('mine')
    const other = target()
    const absent = await epdRun(['report', 'smal', 'nothing', '-o', other, '--store', whole])
    expect(absent.code).not.toBe(0)
    expect(absent.stderr).toContain('nothing')
    expect(existsSync(other)).toBe(false)
  })

  it('asks for the file where none is named', async () => {
    const { code, stderr } = await epdRun(['report', 'small', '--store', whole])
    expect([code, stderr]).toEqual([2, expect.stringContaining('--out <file>')])
  })
})
