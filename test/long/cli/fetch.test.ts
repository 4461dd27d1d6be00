import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { COMMIT, listening, serveHub, serveProxy, sha256Of } from '../../downloads/servers.js'
import { writeDdpm } from '../../models/latent.js'
import { epdRun, temporaryFolder } from '../../support/cli.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url))
const network = readFileSync(fixture('edm/ddpmpp-uncond.pkl'))
const ddpm = writeDdpm(join(temporaryFolder(), 'ddpm'))

function specOn(checkpoint: string): string {
  const file = join(temporaryFolder(), 'spec.yaml')
  const stages = '{ euler: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-1 } }'
  writeFileSync(
    file,
    `name: fetched\nmodel: { checkpoint: '${checkpoint}' }\nsolver: { name: euler, nfe: 2 }\nstages: ${stages}\n`
  )
  return file
}

const clean = { ...process.env, HF_HOME: temporaryFolder(), HF_TOKEN: '', EPD_ASSETS: '', NO_PROXY: '', no_proxy: '' }

/** Where the server's addresses lead instead of to a file. */
const MOVED: Readonly<Partial<Record<string, string>>> = {
  '/down.pkl': 'http://127.0.0.1:9/net.pkl',
  '/first.pkl': 'https://files.example/second.pkl',
  '/second.pkl': '/net.pkl',
  '/down-later.pkl': '/down.pkl',
  '/circle.pkl': 'https://files.example/back.pkl',
  '/back.pkl': '/circle.pkl'
}

/** A server of https://files.example, which only a proxy leads to. */
async function filesExample() {
  const credentials = { key: readFileSync(fixture('tls/key.pem')), cert: readFileSync(fixture('tls/certificate.pem')) }
  const port = await listening(
    createServer(credentials, (request, response) => {
      const moved = MOVED[request.url ?? '']
      if (moved !== undefined) response.writeHead(302, { location: moved }).end()
      else if (request.url === '/page.pkl') response.end('<html><title>Sign in</title></html>')
      else response.end(network)
    })
  )
  const { port: proxy, connects } = await serveProxy({ to: port, login: 'me:secret' })
  const env = {
    ...clean,
    HTTPS_PROXY: `http://me:secret@127.0.0.1:${proxy}`,
    NODE_EXTRA_CA_CERTS: fixture('tls/certificate.pem')
  }
  return { env, connects }
}

describe('fetch', () => {
  it('gets an address through the proxy, with the digest that is expected', async () => {
    const { env, connects } = await filesExample()
    const store = temporaryFolder()
    const sha256 = sha256Of(network)
    const spec = specOn(`https://files.example/net.pkl#sha256=${sha256}`)
    const planned = await epdRun(['run', '--dry-run', spec, '--store', store], { env })
    expect(planned.stderr).toBe(
      `to be downloaded first: https://files.example/net.pkl#sha256=${sha256} (${(network.length / 1e6).toFixed(1)} MB)\n`
    )
    const { code, stdout, stderr } = await epdRun(['fetch', spec, '--store', store, '--json'], { env })
    expect([code, stderr]).toEqual([0, ''])
    const [{ path, ...file }] = JSON.parse(stdout) as { path: string }[]
    expect(file).toMatchObject({ bytes: network.length, digest: sha256 })
    expect(readFileSync(path).equals(network)).toBe(true)
    expect(new Set(connects)).toEqual(new Set(['files.example:443']))
  })

  it.each([
    ['down.pkl', /redirects to http:\/\/127.0.0.1:9, which anybody on the way could change; refused/],
    ['down-later.pkl', /redirects to http:\/\/127.0.0.1:9, which anybody on the way could change; refused/],
    ['circle.pkl', /it redirects more than 10 times/],
    ['page.pkl', /what came is a web page \("Sign in"\), not the file/],
    [`net.pkl#sha256=${'0'.repeat(64)}`, /has the SHA-256 [0-9a-f]{64}, and 0{64} was expected/]
  ])('refuses %s and keeps nothing of it', async (name, message) => {
    const { env } = await filesExample()
    const store = temporaryFolder()
    const { code, stderr } = await epdRun(['fetch', specOn(`https://files.example/${name}`), '--store', store], { env })
    expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('secret')
    expect(code).toBe(1)
    expect(readdirSync(join(store, 'cache'))).toEqual([])
  })

  it('follows an address that moves twice to another of https', async () => {
    const { env } = await filesExample()
    const spec = specOn(`https://files.example/first.pkl#sha256=${sha256Of(network)}`)
    const { code, stdout, stderr } = await epdRun(['fetch', spec, '--store', temporaryFolder(), '--json'], { env })
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject([{ bytes: network.length, digest: sha256Of(network) }])
  })

  it('gets a repository by its bare name, which is said and kept with its commit; later it needs no network', async () => {
    const hub = await serveHub({ repositories: { 'me/ddpm': ddpm } })
    const env = { ...clean, HF_ENDPOINT: hub.url }
    const store = temporaryFolder()
    const spec = specOn('me/ddpm')
    const warning =
      /spec.yaml:2:\d+: model.checkpoint: there is no \S+, so that me\/ddpm is taken as the repository of that name on Hugging Face; hf:me\/ddpm says so\n/
    const valid = await epdRun(['validate', spec], { env })
    expect(valid.stderr).toMatch(warning)
    expect(valid.stdout).toContain('hf:me/ddpm           repository on Hugging Face, at the commit that main has')
    const planned = await epdRun(['run', '--dry-run', spec, '--store', store, '--json'], { env })
    expect(planned.stderr).toMatch(/to be downloaded first: hf:me\/ddpm \([\d.]+ MB\)\n/)
    expect(JSON.parse(planned.stdout)).toMatchObject({ downloads: [{ location: 'hf:me/ddpm' }] })
    const { code, stdout } = await epdRun(['fetch', spec, '--store', store, '--json'], { env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject([{ location: 'hf:me/ddpm', commit: COMMIT }])
    const offline = { ...env, HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:1' }
    expect((await epdRun(['run', spec, '--store', store, '--json'], { env: offline })).code).toBe(0)
    const query = await epdRun(['query', 'SELECT provenance FROM stages', '--csv', '--store', store])
    expect(query.stdout).toContain(`hf:me/ddpm@${COMMIT}`)
  })

  it('shows with a run the digest that a file without one in the spec had when it first came', async () => {
    const { env } = await filesExample()
    const store = temporaryFolder()
    const spec = specOn('https://files.example/net.pkl')
    expect((await epdRun(['run', spec, '--store', store, '--json'], { env })).code).toBe(0)
    const digest = sha256Of(network)
    const [name] = readdirSync(join(store, 'cache')).filter(each => each.endsWith('-net.pkl'))
    const path = join(store, 'cache', name)
    expect(readFileSync(`${path}.sha256`, 'utf8')).toBe(`${digest}\n`)
    const page = (await epdRun(['show', 'fetched', '--store', store])).stdout
    expect(page).toMatch(/^sha256 +bytes +file +at$/m)
    expect(page).toContain(`${digest}  ${network.length}  https://files.example/net.pkl  ${path}\n`)
    const shown: unknown = JSON.parse((await epdRun(['show', 'fetched', '--store', store, '--json'])).stdout)
    const file = { location: 'https://files.example/net.pkl', path, digest, bytes: network.length }
    expect(shown).toMatchObject({ stages: [{ provenance: { files: [file] } }] })
  })

  it('takes a repository from EPD_ASSETS, and says what to put there', async () => {
    const assets = temporaryFolder()
    const env = { ...clean, EPD_ASSETS: assets }
    const spec = specOn('hf:me/ddpm')
    const store = temporaryFolder()
    const missing = await epdRun(['fetch', spec, '--store', store], { env })
    expect(missing.stderr).toContain(
      `${join(assets, 'me/ddpm')}: there is no such file; put there the files of me/ddpm`
    )
    cpSync(ddpm, join(assets, 'me/ddpm'), { recursive: true })
    const { code, stdout } = await epdRun(['fetch', spec, '--store', store, '--json'], { env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject([{ location: 'hf:me/ddpm', path: join(assets, 'me/ddpm') }])
  })
})
