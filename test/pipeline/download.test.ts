import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { download, downloadPath } from '../../src/pipeline/download.js'
import { serve, sha256Of } from '../downloads/servers.js'

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251))
const total = content.length
let handler: (request: IncomingMessage, response: ServerResponse) => unknown
let ranges: (string | undefined)[]
let url: string
let folder: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'epd-download-'))
  ranges = []
  const served = await serve((request, response) => {
    ranges.push(request.headers.range)
    handler(request, response)
  })
  url = `${served.url}/models/net.pkl`
})

const get = (more: Partial<Parameters<typeof download>[0]> = {}) => download({ url, folder, ...more })
const isWhole = (path: string) => readFileSync(path).equals(content)
const files = () => readdirSync(folder).filter(name => !name.endsWith('.etag'))

type Headers = Record<string, string | number>

/** Sends the first bytes of the content, and closes the connection once all of them are in the file. */
function cut(headers: Headers, bytes = 100_000) {
  handler = async (_, response) => {
    response.writeHead(200, { 'content-length': total, ...headers }).write(content.subarray(0, bytes))
    const part = `${downloadPath(folder, url)}.part`
    while ((statSync(part, { throwIfNoEntry: false })?.size ?? 0) < bytes) await sleep(5)
    response.destroy()
  }
}

/** Answers a request for a range by bytes `from(asked)` to `to(asked)`, and one for all by all. */
function ranged(
  from: (asked: number) => number,
  to: (asked: number) => number,
  headers: (asked: number) => Headers = () => ({})
) {
  handler = (request, response) => {
    const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? NaN)
    if (Number.isNaN(asked)) {
      response.writeHead(200, { 'content-length': total, etag: '"a"' }).end(content)
      return
    }
    const body = content.subarray(from(asked), to(asked))
    const range = `bytes ${from(asked)}-${to(asked) - 1}/${total}`
    response
      .writeHead(206, { etag: '"a"', 'content-range': range, 'content-length': body.length, ...headers(asked) })
      .end(body)
  }
}

const whole = (bytes: Buffer | string, headers: Headers = {}) => {
  handler = (_, response) => response.writeHead(200, headers).end(bytes)
}

describe('a download', () => {
  it('comes once, is told of, and has its digest recorded', async () => {
    whole(content, { 'content-length': total })
    const seen: number[] = []
    const path = await get({ onProgress: received => seen.push(received) })
    expect(isWhole(path)).toBe(true)
    expect(seen.at(-1)).toBe(total)
    expect(readFileSync(`${path}.sha256`, 'utf8').trim()).toBe(sha256Of(content))
    expect(await get()).toBe(path)
    expect(ranges).toHaveLength(1)
    expect(files()).toHaveLength(2)
  })

  it('without an announced length comes whole, up to a limit', async () => {
    handler = (_, response) => {
      response.write(content.subarray(0, 1000))
      response.end(content.subarray(1000))
    }
    expect(isWhole(await get())).toBe(true)
    rmSync(folder, { recursive: true })
    await expect(get({ limit: total - 1 })).rejects.toThrow(
      `more than ${total - 1} bytes came without an announced end`
    )
    expect(isWhole(await get({ limit: total }))).toBe(true)
  })

  it('whose end nothing shows is refused, unless its digest is known', async () => {
    handler = (_, response) => {
      response.useChunkedEncodingByDefault = false
      response.writeHead(200).end(content)
    }
    await expect(get()).rejects.toThrow('does not say how long the file is')
    expect(isWhole(await get({ sha256: sha256Of(content) }))).toBe(true)
  })

  it('says what to put where when the address cannot be reached', async () => {
    const closed = 'http://127.0.0.1:1/net.pkl'
    await expect(get({ url: closed })).rejects.toThrow(`put the file at ${downloadPath(folder, closed)}`)
    handler = (_, response) => response.writeHead(404).end('<h1>No such</h1> file')
    await expect(get()).rejects.toThrow('the server answered 404 Not Found ("No such file")')
  })

  it('ends when no byte comes, and goes on from there', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': total, etag: '"a"' }).write(content.subarray(0, 5000))
    }
    await expect(get({ stallSeconds: 0.2 })).rejects.toThrow(
      /broke off after 5000 of 300000 bytes \(no byte came for 0.2 seconds\); run again to continue/
    )
    ranged(
      asked => asked,
      () => total
    )
    expect(isWhole(await get())).toBe(true)
    handler = () => undefined
    await expect(get({ url: `${url}.other`, stallSeconds: 0.2 })).rejects.toThrow('no byte for 0.2 seconds')
  })

  it('ends at once when it is interrupted', async () => {
    const interrupt = new AbortController()
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': total }).write(content.subarray(0, 5000))
      setTimeout(() => {
        interrupt.abort(new Error('interrupted'))
      }, 50)
    }
    await expect(get({ signal: interrupt.signal })).rejects.toThrow('interrupted')
  })

  it('that needs more room than the disk has is refused before it comes', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 52 }).flushHeaders()
    }
    await expect(get()).rejects.toThrow(/4503599.6 GB are to come, and the disk of .* has [\d.]+ GB left/)
  })

  it.runIf(process.platform === 'linux')('that fills the disk says so, and keeps what has come', async () => {
    handler = (_, response) => {
      response.writeHead(200, { etag: '"a"' })
      response.write(content.subarray(0, 1000))
      response.end(content.subarray(1000))
    }
    const module = new URL('../../dist/pipeline/download.js', import.meta.url).href
    const script = `import(${JSON.stringify(module)}).then(({ download }) => download(${JSON.stringify({ url, folder })})).catch(error => console.log(error.message))`
    const mounted = 'mount -t tmpfs -o size=128k none "$1" && "$2" -e "$3"'
    const { stdout } = await promisify(execFile)('unshare', [
      ...['--map-root-user', '--mount', 'bash', '-c', mounted, 'bash'],
      ...[folder, process.execPath, script]
    ])
    expect(stdout).toMatch(/: the disk of \S+ is full after \d+ bytes; run again, or put the file at /)
  })
})

describe('a download that broke off', () => {
  beforeEach(async () => {
    cut({ etag: '"a"' })
    await expect(get()).rejects.toThrow(/broke off after \d+ of 300000 bytes \(.*\); run again to continue/)
    expect(files()).toEqual([expect.stringMatching(/\.part$/)])
    ranges.length = 0
  })

  it('is continued where it stopped', async () => {
    ranged(
      asked => asked,
      () => total
    )
    const path = await get()
    expect(isWhole(path)).toBe(true)
    expect(ranges).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)])
    expect(readdirSync(folder)).toHaveLength(2)
  })

  it('is continued from where the server begins, if that is earlier', async () => {
    ranged(
      asked => asked - (asked % 4096),
      () => total
    )
    expect(isWhole(await get())).toBe(true)
    expect(ranges).toHaveLength(1)
  })

  it('is kept when less comes than is missing, until all has come', async () => {
    ranged(
      asked => asked,
      asked => Math.min(asked + 80_000, total)
    )
    await expect(get()).rejects.toThrow('broke off after 180000 of 300000 bytes')
    await expect(get()).rejects.toThrow('broke off after 260000 of 300000 bytes')
    expect(isWhole(await get())).toBe(true)
  })

  it.each<[string, (asked: number) => number, (asked: number) => number, (asked: number) => Headers]>([
    ['begins behind the byte asked for', asked => asked + 1, () => total, () => ({})],
    [
      'is of a file of another size',
      asked => asked,
      () => total,
      asked => ({ 'content-range': `bytes ${asked}-${total - 1}/${total + 1}` })
    ],
    ['is of another content', asked => asked, () => total, () => ({ etag: '"b"' })],
    ['does not say where it belongs', asked => asked, () => total, () => ({ 'content-range': '' })],
    [
      'does not say how large the file is',
      asked => asked,
      () => total,
      asked => ({ 'content-range': `bytes ${asked}-${total - 1}/*` })
    ],
    [
      'is several ranges',
      asked => asked,
      () => total,
      () => ({ 'content-type': 'multipart/byteranges; boundary=x', 'content-range': '' })
    ],
    [
      'has another length than its range',
      asked => asked,
      asked => asked + 10,
      asked => ({ 'content-range': `bytes ${asked}-${total - 1}/${total}` })
    ],
    ['is encoded', asked => asked, () => total, () => ({ 'content-encoding': 'gzip' })],
    [
      'is turned round',
      asked => asked,
      () => total,
      asked => ({ 'content-range': `bytes ${total - 1}-${asked}/${total}` })
    ]
  ])('is begun anew when a range %s', async (_, from, to, headers) => {
    ranged(from, to, headers)
    expect(isWhole(await get())).toBe(true)
    expect(ranges).toEqual([expect.stringMatching(/^bytes=/), undefined])
  })

  it('is begun anew when the file has changed', async () => {
    const other = content.map(byte => byte ^ 1)
    handler = (request, response) => {
      expect(request.headers['if-range']).toBe('"a"')
      response.writeHead(200, { etag: '"b"', 'content-length': total }).end(other)
    }
    expect(readFileSync(await get()).equals(other)).toBe(true)
  })

  it('is begun anew when the server has no such range any more', async () => {
    handler = (request, response) => {
      if (request.headers.range === undefined)
        response.writeHead(200, { 'content-length': 5 }).end(content.subarray(0, 5))
      else response.writeHead(416, { 'content-range': 'bytes */5' }).end()
    }
    expect(readFileSync(await get()).equals(content.subarray(0, 5))).toBe(true)
  })

  it('is put into its place without asking again if all had come', async () => {
    const part = `${downloadPath(folder, url)}.part`
    writeFileSync(part, content)
    expect(isWhole(await get())).toBe(true)
    expect(ranges).toEqual([])
  })

  it('and was changed on the disk since is found out by the digest that is expected', async () => {
    const part = `${downloadPath(folder, url)}.part`
    writeFileSync(part, Buffer.alloc(100_000))
    ranged(
      asked => asked,
      () => total
    )
    await expect(get({ sha256: sha256Of(content) })).rejects.toThrow(`and ${sha256Of(content)} was expected`)
    expect(files()).toEqual([])
    expect(isWhole(await get({ sha256: sha256Of(content) }))).toBe(true)
  })
})

const NOW = 'Wed, 25 Nov 2026 04:38:05 GMT'

describe('what a server names a content by', () => {
  const then = new Date(Date.now() - 3_600_000).toUTCString()
  it.each<[string, Headers, boolean]>([
    ['a strong ETag', { etag: '"a"' }, true],
    ['the time of a change long ago', { 'last-modified': then }, true],
    ['the time of a change just now', { 'last-modified': NOW, date: NOW }, false],
    ['a weak ETag', { etag: 'W/"a"', 'last-modified': then }, false],
    ['nothing', {}, false]
  ])('%s: continued %s', async (_, headers, continued) => {
    cut(headers)
    await expect(get()).rejects.toThrow('broke off')
    ranges.length = 0
    handler = (request, response) => {
      const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      if (asked > 0)
        expect(request.headers['if-range']).toBe('etag' in headers ? headers.etag : headers['last-modified'])
      response
        .writeHead(asked > 0 ? 206 : 200, {
          ...headers,
          ...(asked > 0 && { 'content-range': `bytes ${asked}-${total - 1}/${total}` })
        })
        .end(content.subarray(asked))
    }
    expect(isWhole(await get())).toBe(true)
    expect(ranges).toEqual([continued ? expect.stringMatching(/^bytes=/) : undefined])
  })
})

describe('an encoding that was not asked for', () => {
  it('is undone', async () => {
    whole(gzipSync(content), { 'content-encoding': 'gzip', 'content-length': gzipSync(content).length, etag: '"a"' })
    expect(isWhole(await get())).toBe(true)
  })

  it('that is cut off is told, and begun anew', async () => {
    const zipped = gzipSync(content)
    whole(zipped.subarray(0, zipped.length - 20), { 'content-encoding': 'gzip', etag: '"a"' })
    await expect(get()).rejects.toThrow('broke off')
    whole(content)
    expect(isWhole(await get())).toBe(true)
    expect(ranges).toEqual([undefined, undefined])
  })

  it('that is not known is refused by its name', async () => {
    whole(content, { 'content-encoding': 'zstd' })
    await expect(get()).rejects.toThrow('the encoding zstd')
  })
})

describe('an answer that is not the file', () => {
  it.each([
    ['<!DOCTYPE html><title>quota exceeded</title>', 'what came is a web page ("quota exceeded"), not the file'],
    ['<Error><Code>AccessDenied</Code></Error>', 'what came is XML ("AccessDenied"), not the file'],
    ['{"error":"gone"}', 'what came is JSON ("{\\"error\\":\\"gone\\"}"), not the file'],
    ['', 'what came is nothing (0 bytes), not the file'],
    ['version https://git-lfs.github.com/spec/v1\n', 'what came is a pointer of Git LFS']
  ])('%j is told by what it is, and leaves nothing behind', async (page, message) => {
    whole(page, { 'content-length': Buffer.byteLength(page), etag: '"a"' })
    await expect(get()).rejects.toThrow(message)
    expect(readdirSync(folder)).toEqual([])
    whole(content)
    expect(isWhole(await get())).toBe(true)
  })

  it('is told with the address that it may have been meant for', async () => {
    whole('<html>')
    const page = url.replace('/models/', '/o/n/blob/main/')
    await expect(get({ url: page })).rejects.toThrow("the file's own address has /resolve/ in place of /blob/")
  })
})

describe('the digest of a file', () => {
  it('that is expected is checked before the file is put into its place', async () => {
    whole(content)
    const wrong = '0'.repeat(64)
    await expect(get({ sha256: wrong })).rejects.toThrow(
      `has the SHA-256 ${sha256Of(content)}, and ${wrong} was expected`
    )
    expect(readdirSync(folder)).toEqual([])
    const path = await get({ sha256: sha256Of(content) })
    await expect(get({ sha256: wrong })).rejects.toMatchObject({ code: 'checkpoint-invalid' })
    expect(isWhole(path)).toBe(true)
  })

  it('is told, and outlives the file: no other one is taken for it later', async () => {
    whole(content)
    const told: string[] = []
    const path = await get({ onDigest: sha256 => told.push(sha256) })
    expect(told).toEqual([sha256Of(content)])
    rmSync(path)
    whole('others')
    await expect(get()).rejects.toThrow(
      `and ${sha256Of(content)} was expected; run again, or put the file that came first at ${path}; if it is meant ` +
        `to have changed, move ${path}.sha256 away`
    )
    expect(files()).not.toContain(path)
    const others = sha256Of(Buffer.from('others'))
    expect(readFileSync(await get({ sha256: others }), 'utf8')).toBe('others')
    expect(readFileSync(`${path}.sha256`, 'utf8').trim()).toBe(others)
  })

  it('of one put there by hand is taken, and found when it changes', async () => {
    const path = downloadPath(folder, url)
    writeFileSync(path, 'weights')
    expect(await get()).toBe(path)
    writeFileSync(path, 'others')
    await expect(get()).rejects.toMatchObject({ code: 'checkpoint-invalid' })
  })

  it('of a page put there is not taken', async () => {
    writeFileSync(downloadPath(folder, url), '<html><title>Sign in</title></html>')
    await expect(get()).rejects.toThrow(`${downloadPath(folder, url)}: is a web page ("Sign in"), not the file`)
    expect(readdirSync(folder)).toHaveLength(1)
  })
})
