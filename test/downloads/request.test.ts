import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { buffersOf } from '../../src/downloads/buffers.js'
import { ask, type RequestOptions } from '../../src/downloads/request.js'
import { listening, serve, serveProxy } from './servers.js'

const { signal } = new AbortController()
afterEach(() => {
  vi.unstubAllEnvs()
})

async function textAt(url: string, options: Partial<RequestOptions> = {}): Promise<string> {
  const { body } = await ask(url, { signal, ...options })
  const chunks: Buffer[] = []
  for await (const chunk of buffersOf(body)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('a request', () => {
  it('asks for no encoding, and sends a token to its own host only', async () => {
    const other = await serve((_, response) => response.end('there'))
    const { url, requests } = await serve((request, response) => {
      const location = request.url === '/a' ? '/b' : `${other.url}/c`
      response.writeHead(302, { location }).end('elsewhere')
    })
    expect(await textAt(`${url}/a`, { token: 'hf_secret' })).toBe('there')
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer hf_secret', 'Bearer hf_secret'])
    expect(requests[0].headers['accept-encoding']).toBe('identity')
    expect(other.requests[0].headers.authorization).toBe(undefined)
  })

  it('sends the user and password of its address', async () => {
    const { url, requests } = await serve((_, response) => response.end())
    await textAt(`${url.replace('//', '//me:p%40ss@')}/a`)
    expect(requests[0].headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })

  it('gives up on redirects without an end, and on those to nowhere', async () => {
    const { url } = await serve((_, response) => response.writeHead(302, { location: '/again' }).end())
    await expect(textAt(url)).rejects.toThrow('redirects more than 10 times')
    const nowhere = await serve((_, response) => response.writeHead(302, { location: 'http://[' }).end())
    await expect(textAt(nowhere.url)).rejects.toThrow('redirects to no address')
  })

  it.each(['http://files.example/a', 'ftp://127.0.0.1/a'])('is not made to %s', async address => {
    await expect(textAt(address)).rejects.toThrow('only https is taken; refused')
    const { url } = await serve((_, response) => response.writeHead(302, { location: address }).end())
    await expect(textAt(url)).rejects.toThrow('only https is taken; refused')
  })

  it('names what does not answer', async () => {
    await expect(textAt('http://127.0.0.1:1/a')).rejects.toThrow('cannot be reached (connect ECONNREFUSED')
  })

  it('says what to do about a certificate that nobody known has signed', async () => {
    const at = (name: string) => readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)))
    const server = createServer({ key: at('key.pem'), cert: at('certificate.pem') })
    const port = await listening(server)
    await expect(textAt(`https://127.0.0.1:${port}/a`)).rejects.toThrow('NODE_EXTRA_CA_CERTS')
  })
})

describe('a proxy', () => {
  async function behindProxy(options: { login?: string; refuse?: number } = {}, login = '') {
    const target = await serve((_, response) => response.end('through'))
    const proxy = await serveProxy({ ...options, to: target.port })
    vi.stubEnv('HTTP_PROXY', `http://${login}127.0.0.1:${proxy.port}`)
    return { ...proxy, target }
  }

  it('is gone through, but not where NO_PROXY excepts the host', async () => {
    const { connects, target } = await behindProxy()
    expect(await textAt('http://127.0.0.1:9/a')).toBe('through')
    expect(connects).toEqual(['127.0.0.1:9'])
    vi.stubEnv('NO_PROXY', '127.0.0.1')
    expect(await textAt(`${target.url}/a`)).toBe('through')
    expect(connects).toHaveLength(1)
  })

  it('is given its user and password', async () => {
    const { connects } = await behindProxy({ login: 'me:p@ss' }, 'me:p%40ss@')
    expect(await textAt('http://127.0.0.1:9/a')).toBe('through')
    expect(connects).toHaveLength(1)
  })

  it.each([
    [{ login: 'me:pass' }, '', 'asks for a user and password; expected http://USER:PASSWORD@HOST:PORT'],
    [{ login: 'me:pass' }, 'me:wrong@', 'asks for a user and password; expected http://USER:PASSWORD@HOST:PORT'],
    [{ refuse: 503 }, '', 'answered 503']
  ])('that refuses is told as the proxy: %j', async (options, login, expected) => {
    const { port } = await behindProxy(options, login)
    const failure = textAt('http://127.0.0.1:9/a')
    await expect(failure).rejects.toThrow(
      `cannot be reached: the proxy http://127.0.0.1:${port} (HTTP_PROXY) ${expected}`
    )
  })

  it('that is not there, or breaks off, is told as the proxy', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1')
    await expect(textAt('http://127.0.0.1:9/a')).rejects.toThrow('through the proxy http://127.0.0.1:1 (HTTP_PROXY) (')
    const mute = createTcpServer(socket => socket.destroy())
    const port = await new Promise<number>(resolve => {
      mute.listen(0, '127.0.0.1', () => {
        const address = mute.address()
        resolve(typeof address === 'object' && address ? address.port : 0)
      })
    })
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`)
    await expect(textAt('http://127.0.0.1:9/a')).rejects.toThrow(`through the proxy http://127.0.0.1:${port}`)
    mute.close()
  })

  it('of another kind is refused before anything is sent', async () => {
    vi.stubEnv('ALL_PROXY', 'socks5://127.0.0.1:1080')
    await expect(textAt('http://127.0.0.1:9/a')).rejects.toThrow(
      'the proxy socks5://127.0.0.1:1080 (ALL_PROXY) is of a kind that is not supported; expected http://HOST:PORT'
    )
  })
})
