import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../../support/cli.js'
import { failure, specOn } from '../../support/failing-run.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const fixture = (name: string) => join(root, 'test', 'fixtures', 'edm', name)

function checkpoint(bytes: Uint8Array | string): string {
  const file = join(temporaryFolder(), 'net.pkl')
  writeFileSync(file, bytes)
  return file
}

describe('a checkpoint', () => {
  it('that is missing', async () => {
    expect(await failure(specOn('/nowhere/net.pkl'))).toContain(
      '/nowhere/net.pkl: there is no such file; correct its path'
    )
  })

  it('that is cut off', async () => {
    const whole = readFileSync(fixture('ddpmpp-uncond.pkl'))
    for (const part of [0.1, 0.5, 0.999])
      expect(await failure(specOn(checkpoint(whole.subarray(0, part * whole.length))))).toMatch(
        /net\.pkl: .*(ends in the middle|cut off)/
      )
  })

  it('that is a web page, empty, or of another kind', async () => {
    expect(await failure(specOn(checkpoint('<!DOCTYPE html><html></html>')))).toContain('it is a web page')
    expect(await failure(specOn(checkpoint('')))).toContain('it is empty')
    expect(await failure(specOn(join(root, 'package.json')))).toContain('is not a checkpoint')
  })

  it('that would run something', async () => {
    const malicious = checkpoint(Buffer.from('\x80\x02cposix\nsystem\nU\x09echo pwnd\x85R.', 'latin1'))
    expect(await failure(specOn(malicious))).toContain('it would call posix.system')
  })

  it('whose weights are not finite: says where, keeps what is done', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'net.safetensors')
    const bytes = readFileSync(join(root, 'models', 'shapes16', 'shapes16.safetensors'))
    bytes.writeFloatLE(NaN, bytes.length - 4)
    writeFileSync(file, bytes)
    copyFileSync(join(root, 'models', 'shapes16', 'config.json'), join(folder, 'config.json'))
    expect(await failure(specOn(file))).toMatch(/the model answered NaN at sigma 80\S* \(sample 0 of the batch\)/)
  })

  it('that cannot be downloaded: says what to put where', async () => {
    expect(await failure(specOn('https://127.0.0.1:1/net.pkl'))).toMatch(
      /https:\/\/127\.0\.0\.1:1\/net\.pkl: cannot be reached .*; run again, or put the file at .*net\.pkl$/m
    )
  })
})

describe('a store', () => {
  const spec = specOn(fixture('ddpmpp-uncond.pkl'))

  it('that is not there to be read', async () => {
    const store = join(temporaryFolder(), 'none')
    for (const args of [['ls'], ['show', 'x'], ['query', 'SELECT 1'], ['resume']])
      expect(await epdRun([...args, '--store', store])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('run an experiment first') as string
      })
  })

  it('is never written by query', async () => {
    const store = temporaryFolder()
    await epdRun(['run', spec, '--store', store, '--json'])
    for (const sql of ['DELETE FROM runs', 'DROP TABLE runs', 'UPDATE runs SET name = 1', 'nonsense', ''])
      expect(await epdRun(['query', sql, '--store', store])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^epd-run: query: /) as string
      })
    const { stdout } = await epdRun(['query', 'SELECT name, status FROM runs', '--csv', '--store', store])
    expect(stdout).toBe('name,status\nwrong,finished\n')
  })
})

it('a folder in place of a spec or a checkpoint is said to be one', async () => {
  const folder = join(temporaryFolder(), 'spec.yaml')
  mkdirSync(folder)
  expect((await epdRun(['run', folder])).stderr).toContain('a folder')
  expect(await failure(specOn(folder))).toContain(
    'spec.yaml/config.json: there is no such file; a folder of diffusers has one'
  )
})
