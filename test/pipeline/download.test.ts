import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { download, downloadPath } from '../../src/pipeline/download.js'

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251))
let handler: (request: IncomingMessage, response: ServerResponse) => void
let url: string
let folder: string
const server = createServer((request, response) => {
  handler(request, response)
})

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'epd-download-'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/net.pkl`
})
afterEach(() => {
  server.closeAllConnections()
  return new Promise(resolve => server.close(resolve))
})

const ranges: (string | undefined)[] = []
/** Serves the content, honouring ranges; breaks off after `limit` bytes. */
function serve(etag: string, limit = Infinity) {
  ranges.length = 0
  handler = (request, response) => {
    const { range } = request.headers
    ranges.push(range)
    const from = range && request.headers['if-range'] === etag ? Number(/bytes=(\d+)-/.exec(range)?.[1]) : 0
    response.writeHead(from > 0 ? 206 : 200, { etag, 'content-length': content.length - from })
    if (limit < content.length - from)
      response.write(content.subarray(from, from + limit), () => setTimeout(() => response.destroy(), 100))
    else response.end(content.subarray(from))
  }
}

describe('download', () => {
  it('fetches a file once, reports progress, and records its digest', async () => {
    serve('"a"')
    const seen: number[] = []
    const path = await download({ url, folder, onProgress: received => seen.push(received) })
    expect(readFileSync(path)).toEqual(content)
    expect(seen.at(-1)).toBe(content.length)
    expect(readFileSync(`${path}.sha256`, 'utf8').trim()).toBe(createHash('sha256').update(content).digest('hex'))
    expect(await download({ url, folder })).toBe(path)
    expect(ranges.length).toBe(1)
    expect(readdirSync(folder).filter(name => name.includes('.part'))).toEqual([])
  })

  it('continues where it was cut off', async () => {
    serve('"a"', 100_000)
    await expect(download({ url, folder })).rejects.toMatchObject({ code: 'download-failed' })
    serve('"a"')
    const path = await download({ url, folder })
    expect(ranges[0]).toMatch(/^bytes=[1-9]\d*-$/)
    expect(readFileSync(path)).toEqual(content)
  })

  it('starts again when the file has changed meanwhile', async () => {
    serve('"a"', 100_000)
    await expect(download({ url, folder })).rejects.toMatchObject({ code: 'download-failed' })
    serve('"b"')
    expect(readFileSync(await download({ url, folder }))).toEqual(content)
  })

  it('says what to put where when the address cannot be reached', async () => {
    const closed = 'http://127.0.0.1:1/net.pkl'
    await expect(download({ url: closed, folder })).rejects.toThrow(`put the file at ${downloadPath(folder, closed)}`)
    handler = (_request, response) => response.writeHead(404).end()
    await expect(download({ url, folder })).rejects.toThrow(/answered 404/)
  })

  it('takes a file put there by hand, and notices when it changes', async () => {
    const path = downloadPath(folder, url)
    writeFileSync(path, 'weights')
    expect(await download({ url, folder })).toBe(path)
    writeFileSync(path, 'others')
    await expect(download({ url, folder })).rejects.toMatchObject({ code: 'checkpoint-invalid' })
  })
})
