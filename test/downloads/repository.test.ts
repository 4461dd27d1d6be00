import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { partsDigest } from '../../src/models/parts.js'
import { findRepository, missingBytes, obtainRepository } from '../../src/downloads/repository.js'
import { STABLE, writeDdpm, writeDiffusers } from '../models/latent.js'
import { blobOf, COMMIT, pathsIn, serveHub, sha256Of, type HubOptions } from './servers.js'

const at = (name: string) => join(mkdtempSync(join(tmpdir(), 'epd-hub-')), name)
const ddpm = writeDdpm(at('ddpm'))
const sharded = writeDiffusers(at('sd'), STABLE, { shards: 3 })
for (const name of ['README.md', 'safety_checker/model.safetensors', 'unet/diffusion_pytorch_model.fp16.bin']) {
  mkdirSync(dirname(join(sharded, name)), { recursive: true })
  writeFileSync(join(sharded, name), 'not needed')
}
const repositories = { 'me/ddpm': ddpm, 'me/sd': sharded }
const { signal } = new AbortController()
const wish = (repository: string, more = {}) => ({ repository, revision: 'main', ...more })
let folder: string

beforeEach(() => {
  folder = at('cache')
  vi.stubEnv('HF_HOME', at('home'))
})
afterEach(() => {
  vi.unstubAllEnvs()
})

async function hub(options: Partial<HubOptions> = {}) {
  const served = await serveHub({ repositories, ...options })
  vi.stubEnv('HF_ENDPOINT', served.url)
  return served
}
const obtain = (repository: string, more = {}) => obtainRepository(wish(repository, more), { folder }, { signal })
const find = (repository: string, more = {}) => findRepository(wish(repository, more), { folder })

describe('a repository of Hugging Face', () => {
  it('is downloaded file by file, without what is not needed, and has the digest of its folder', async () => {
    const { requests, files } = await hub()
    const seen: string[] = []
    const expected = pathsIn(sharded).filter(path => !/README|safety|fp16/.test(path))
    const bytes = expected.reduce((sum, path) => sum + readFileSync(join(sharded, path)).length, 0)
    expect(await missingBytes(wish('me/sd'), { folder }, signal)).toBe(bytes)
    const { path, commit } = await obtainRepository(
      wish('me/sd'),
      { folder },
      { signal, onProgress: url => seen.push(url) }
    )
    expect(commit).toBe(COMMIT)
    expect(pathsIn(path).sort()).toEqual(expected.sort())
    expect(await partsDigest(path)).toBe(await partsDigest(sharded))
    expect(seen.some(url => url.includes('unet/'))).toBe(true)
    expect(files.requests.length).toBe(expected.filter(name => name.endsWith('.safetensors')).length)
    const asked = requests.length
    expect(await find('me/sd')).toEqual({ path, commit })
    expect(await find('me/sd', { revision: COMMIT })).toEqual({ path, commit })
    expect((await obtain('me/sd')).path).toBe(path)
    expect(await missingBytes(wish('me/sd'), { folder }, signal)).toBe(0)
    expect(requests).toHaveLength(asked)
  })

  it('may stand at a tag or commit, and be one file or folder of it', async () => {
    await hub()
    const file = await obtain('me/sd', { revision: COMMIT, path: 'vae/diffusion_pytorch_model.safetensors' })
    expect(readFileSync(file.path).equals(readFileSync(join(sharded, 'vae/diffusion_pytorch_model.safetensors')))).toBe(
      true
    )
    expect(existsSync(join(dirname(file.path), 'config.json'))).toBe(true)
    expect(pathsIn((await obtain('me/sd', { path: 'vae' })).path)).toHaveLength(2)
    await expect(obtain('me/sd', { revision: 'v2' })).rejects.toThrow('it has no revision "v2"')
    await expect(obtain('me/sd', { path: 'no.pt' })).rejects.toThrow('hf:me/sd: has no no.pt; it has ')
  })

  it('is asked for with the token, which no other host is sent', async () => {
    const { requests, files } = await hub({ token: 'hf_mine' })
    await expect(obtain('me/ddpm')).rejects.toThrow(
      /hf:me\/ddpm: the server answered 401 Unauthorized \("Repository not found"\): there is no such repository, or it is private.*set HF_TOKEN/
    )
    vi.stubEnv('HF_TOKEN', ' hf_mine\n')
    await obtain('me/ddpm')
    expect(requests.slice(1).every(({ headers }) => headers.authorization === 'Bearer hf_mine')).toBe(true)
    expect(files.requests.length).toBeGreaterThan(0)
    expect(files.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it('is asked for with the token that its own tools have kept', async () => {
    await hub({ token: 'hf_kept' })
    const home = process.env.HF_HOME ?? ''
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'token'), 'hf_kept\n')
    await obtain('me/ddpm')
  })

  it.each([
    [403, { 'x-error-code': 'GatedRepo' }, /accept them at http:\/\/127.0.0.1:\d+\/me\/ddpm, and set HF_TOKEN/],
    [401, { 'x-error-code': 'GatedRepo' }, /accept them at/],
    [404, {}, /there is no such repository, or it is private/],
    [429, {}, /too many requests were made/],
    [503, {}, /answered 503 Service Unavailable: try again, or bring the repository here by "hf download"/],
    [200, {}, /it does not answer as Hugging Face does/]
  ])('that is refused with %i says the way out: %j', async (status, headers, message) => {
    await hub({ refusal: response => response.writeHead(status, headers).end() })
    await expect(obtain('me/ddpm')).rejects.toThrow(message)
    await expect(obtain('me/ddpm')).rejects.toMatchObject({ code: 'download-failed' })
  })

  it.each([
    ['http://hub.example', 'only https is taken'],
    ['hub', 'is no address'],
    ['http://127.0.0.1:1', 'cannot be reached']
  ])('is not looked for at %s', async (endpoint, message) => {
    vi.stubEnv('HF_ENDPOINT', endpoint)
    await expect(obtain('me/ddpm')).rejects.toThrow(message)
  })

  it.each([
    ['../../evil.json', 'which is no path'],
    ['/evil.json', 'which is no path'],
    ['a\\..\\b.json', 'which is no path']
  ])('that lists %s is refused', async (rfilename, message) => {
    const siblings = [{ rfilename, size: 1, blobId: COMMIT }]
    await hub({ refusal: response => response.end(JSON.stringify({ sha: COMMIT, siblings })) })
    await expect(obtain('me/ddpm')).rejects.toThrow(message)
  })

  it('whose file is not the one that is listed is refused, whatever kind of file', async () => {
    for (const name of ['config.json', 'diffusion_pytorch_model.safetensors']) {
      const honest = readFileSync(join(ddpm, name))
      await hub({ changed: { [name]: Buffer.from(honest.map((byte, i) => (i === 20 ? byte ^ 1 : byte))) } })
      await expect(obtain('me/ddpm')).rejects.toThrow(name.endsWith('.json') ? 'is the Git blob' : 'has the SHA-256')
    }
    await hub()
    expect(await partsDigest((await obtain('me/ddpm')).path)).toBe(await partsDigest(ddpm))
  })

  it('that was damaged on the disk is found out, and made anew', async () => {
    const { requests } = await hub()
    const { path } = await obtain('me/ddpm')
    const file = join(path, 'diffusion_pytorch_model.safetensors')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] ^= 1
    writeFileSync(file, bytes)
    expect(await find('me/ddpm')).toBe(undefined)
    const asked = requests.length
    await obtain('me/ddpm')
    expect(requests).toHaveLength(asked + 1)
    expect(await partsDigest(path)).toBe(await partsDigest(ddpm))
  })

  it('that lacks weights, or is of a pipeline that is not supported, is refused before its weights come', async () => {
    const bare = at('bare')
    cpSync(ddpm, bare, { recursive: true })
    rmSync(join(bare, 'diffusion_pytorch_model.safetensors'))
    const other = at('other')
    cpSync(ddpm, other, { recursive: true })
    const index = { _class_name: 'X', unet: ['diffusers', 'UNet2DModel'], transformer_7: ['diffusers', 'Y'] }
    writeFileSync(join(other, 'model_index.json'), JSON.stringify(index))
    const { files } = await hub({ repositories: { 'me/bare': bare, 'me/other': other } })
    await expect(obtain('me/bare')).rejects.toThrow('hf:me/bare: has no weights of unet')
    await expect(obtain('me/other')).rejects.toThrow('transformer_7')
    expect(files.requests).toEqual([])
  })

  it('may have the digest of a file expected', async () => {
    await hub()
    const path = 'diffusion_pytorch_model.safetensors'
    const sha256 = sha256Of(readFileSync(join(ddpm, path)))
    await expect(obtain('me/ddpm', { path, sha256: '0'.repeat(64) })).rejects.toThrow(`has the SHA-256 ${sha256} there`)
    await obtain('me/ddpm', { path, sha256 })
    await expect(obtain('me/ddpm', { sha256 })).rejects.toThrow(`pin that by @${COMMIT}`)
    await expect(obtain('me/ddpm', { path: 'config.json', sha256 })).rejects.toThrow(`and ${sha256} was expected`)
  })
})

describe("the cache of Hugging Face's own tools", () => {
  /** As huggingface_hub lays it out: blobs by their digests, and links to them. */
  function writeCache(source: string, keep: (path: string) => boolean = () => true): string {
    const home = join(process.env.HF_HOME ?? '', 'hub', 'models--me--ddpm')
    const put = (path: string, bytes: Buffer | string) => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
    }
    put(join(home, 'refs', 'main'), COMMIT)
    for (const path of pathsIn(source).filter(keep)) {
      const bytes = readFileSync(join(source, path))
      const blob = join(home, 'blobs', path.endsWith('.safetensors') ? sha256Of(bytes) : blobOf(bytes))
      put(blob, bytes)
      const link = join(home, 'snapshots', COMMIT, path)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(blob, link)
    }
    return home
  }

  it('is used without a network', async () => {
    const home = writeCache(ddpm)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    const found = await find('me/ddpm')
    expect(found).toEqual({ path: join(home, 'snapshots', COMMIT), commit: COMMIT })
    expect(await partsDigest(found?.path ?? '')).toBe(await partsDigest(ddpm))
    expect(await find('me/ddpm', { revision: COMMIT, path: 'config.json' })).toMatchObject({ commit: COMMIT })
    expect(await find('me/ddpm', { revision: 'v2' })).toBe(undefined)
    expect(await find('me/other')).toBe(undefined)
    await expect(obtain('me/other')).rejects.toThrow('HF_HUB_OFFLINE forbids to download it')
  })

  it.each(['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE'])('is where %s says', async variable => {
    const home = writeCache(ddpm)
    vi.stubEnv('HF_HOME', at('elsewhere'))
    expect(await find('me/ddpm')).toBe(undefined)
    vi.stubEnv(variable, dirname(home))
    expect(await find('me/ddpm')).toMatchObject({ commit: COMMIT })
  })

  it('is not used where it lacks something', async () => {
    writeCache(ddpm, path => !path.endsWith('.safetensors'))
    expect(await find('me/ddpm')).toBe(undefined)
    await hub()
    expect((await obtain('me/ddpm')).path).toContain(folder)
  })

  it('is not used where bytes have changed, which is said', async () => {
    const home = writeCache(ddpm)
    for (const name of ['config.json', 'diffusion_pytorch_model.safetensors']) {
      const file = join(home, 'snapshots', COMMIT, name)
      const bytes = readFileSync(file)
      const changed = Buffer.from(bytes)
      changed[changed.length - 3] ^= 1
      writeFileSync(file, changed)
      const notes: string[] = []
      expect(await findRepository(wish('me/ddpm'), { folder, onNote: note => notes.push(note) })).toBe(undefined)
      expect(notes).toEqual([expect.stringContaining(`${file}: the bytes are not those`)])
      writeFileSync(file, bytes)
    }
    expect(await find('me/ddpm')).toMatchObject({ commit: COMMIT })
  })
})
