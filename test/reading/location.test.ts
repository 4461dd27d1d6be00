import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { located, locatedFolder, placeOf, repositoryLocation } from '../../src/reading/location.js'
import { loadSchema } from '../../src/experiment/schema.js'

const HEX = 'AB'.repeat(32)
const COMMIT = 'c0ffee0123456789c0ffee0123456789c0ffee01'
const hub = (repository: string, revision = 'main', path?: string, sha256?: string) => ({
  ...{ kind: 'repository', repository, revision, path, sha256 }
})

describe('a location', () => {
  it.each([
    ['https://a.org/b.pkl', { kind: 'address', url: 'https://a.org/b.pkl', sha256: undefined }],
    [`https://a.org/b?c=d#sha256=${HEX}`, { kind: 'address', url: 'https://a.org/b?c=d', sha256: HEX.toLowerCase() }],
    ['hf:google/ddpm-cifar10-32', hub('google/ddpm-cifar10-32')],
    [`hf:a/b@${COMMIT}`, hub('a/b', COMMIT)],
    ['hf:a/b@refs/pr/7/x.bin', hub('a/b', 'refs/pr/7', 'x.bin')],
    ['hf:a/b@feature%2Fx', hub('a/b', 'feature/x')],
    ['hf:a/b@v1.5/unet/x.safetensors', hub('a/b', 'v1.5', 'unet/x.safetensors')],
    [`hf:a/b/x.pt#sha256=${HEX}`, hub('a/b', 'main', 'x.pt', HEX.toLowerCase())],
    ['models/net.pkl', { kind: 'path', path: 'models/net.pkl' }]
  ])('%s', (location, place) => {
    expect(placeOf(location)).toEqual(place)
  })

  it('of a repository is written as it is read', () => {
    for (const location of ['hf:a/b@feature%2Fx', 'hf:a/b@v1/unet/x.safetensors'])
      expect(repositoryLocation(placeOf(location) as Parameters<typeof repositoryLocation>[0])).toBe(location)
  })

  it('is from the spec, unless it is no path', () => {
    expect(located('net.pkl', '/specs/a.yaml')).toBe('/specs/net.pkl')
    for (const elsewhere of ['https://a.org/b', 'hf:a/b']) expect(located(elsewhere, '/specs/a.yaml')).toBe(elsewhere)
  })

  it('that no folder has and that is written as a repository is named is that repository', () => {
    const folder = mkdtempSync(join(tmpdir(), 'epd-location-'))
    const spec = join(folder, 'a.yaml')
    mkdirSync(join(folder, 'google', 'here'), { recursive: true })
    expect(locatedFolder('google/here', spec)).toBe(join(folder, 'google', 'here'))
    expect(locatedFolder('google/ddpm-cifar10-32', spec)).toBe('hf:google/ddpm-cifar10-32')
    for (const path of ['models/net.pkl', '../a/b', './b', 'a/b/c', 'a', '/a/b', 'a--b/c', '.a/b'])
      expect(locatedFolder(path, spec)).toBe(
        join(folder, path).startsWith(folder) && !path.startsWith('/') ? join(folder, path) : located(path, spec)
      )
  })

  const accepts = (location: string) =>
    loadSchema()
      .check({
        name: 'a',
        model: { checkpoint: location },
        stages: { a: { kind: 'sample', solver: { name: 'euler', nfe: 2 }, seeds: 1 } }
      })
      .filter(({ path }) => path.join('.') === 'model.checkpoint').length === 0

  it.each([
    ['https://a.org/b'],
    [`https://a.org/b#sha256=${HEX}`],
    ['hf:a/b'],
    ['hf:a/b@refs/pr/7/x.bin'],
    ['hf:a/b@v1.5/x y.bin'],
    [`hf:a/b/x.pt#sha256=${HEX}`],
    ['models/a b.pkl'],
    ['a/b#c.pkl'],
    ['hf/a']
  ])('%s is valid', location => {
    expect(accepts(location)).toBe(true)
  })

  it.each([
    ['http://a.org/b'],
    ['https://a.org/b#sha256=abc'],
    ['https://a.org/b#part'],
    ['hf:a'],
    ['hf:gpt2/'],
    ['hf:a/b@'],
    ['hf:a/b@..'],
    ['hf:a/b/../c'],
    ['hf:a/b/./c'],
    ['hf:a/b//c'],
    ['hf:a/b/'],
    ['hf:a/b/c/'],
    [`hf:a/b#sha256=${HEX}`],
    ['hf:a/b/x.pt#sha1=abc'],
    ['hf://a/b'],
    ['s3://a/b']
  ])('%s is not', location => {
    expect(accepts(location)).toBe(false)
  })
})
