import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An http server of this test alone. */
export interface Served {
  /** Without a slash at its end. */
  readonly url: string
  readonly port: number
  readonly requests: IncomingMessage[]
}

export async function serve(listener: RequestListener): Promise<Served> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  const port = await listening(server)
  return { url: `http://127.0.0.1:${port}`, port, requests }
}

/** Starts a server that ends with its test. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address() as AddressInfo
  return address.port
}

export interface ProxyOptions {
  /** user:password, where it asks for them. */
  readonly login?: string
  /** The status that it answers in place of connecting. */
  readonly refuse?: number
  /** The port on this machine that it connects to, whatever host it is asked for. */
  readonly to: number
}

/** A proxy that opens ways by CONNECT; `connects`: what it was asked for. */
export async function serveProxy({ login, refuse, to }: ProxyOptions): Promise<{ port: number; connects: string[] }> {
  const connects: string[] = []
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  const server = createServer()
  server.on('connect', (request, socket) => {
    connects.push(request.url ?? '')
    const status = request.headers['proxy-authorization'] === wanted ? refuse : 407
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const onwards = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onwards).pipe(socket)
    })
    onwards.on('error', () => socket.destroy())
    socket.on('error', () => onwards.destroy())
  })
  return { port: await listening(server), connects }
}

export const COMMIT = 'c0ffee0123456789c0ffee0123456789c0ffee01'

export interface HubOptions {
  /** Folders by the names of their repositories. */
  readonly repositories: Readonly<Record<string, string>>
  /** The token that every request must bring. */
  readonly token?: string
  /** Put in place of what a file holds. */
  readonly changed?: Readonly<Record<string, Buffer>>
  /** Answers in place of everything else. */
  readonly refusal?: (response: ServerResponse) => void
}

/**
 * Hugging Face's routes over folders: the list of a repository's files with their digests, and the files, of which
 * large ones are redirected to a server of their own, as LFS files are.
 */
export async function serveHub({ repositories, token, changed = {}, refusal }: HubOptions) {
  const files = await serve((request, response) => {
    response.end(readFileSync(decodeURIComponent(request.url ?? '').slice(1)))
  })
  const hub = await serve((request, response) => {
    if (refusal) {
      refusal(response)
      return
    }
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' }).end()
      return
    }
    const url = request.url ?? ''
    const listed = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/?]+)\?blobs=true$/.exec(url)
    const file = /^\/([^/]+\/[^/]+)\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(url)
    const folders = new Map(Object.entries(repositories))
    const folder = folders.get(listed?.at(1) ?? file?.at(1) ?? '')
    if (folder === undefined) response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end()
    else if (file) {
      const path = file[2]
      if (path in changed) response.end(changed[path])
      else if (isLarge(path))
        response.writeHead(302, { location: `${files.url}/${encodeURIComponent(join(folder, path))}` }).end()
      else response.end(readFileSync(join(folder, path)))
    } else if (!['main', COMMIT].includes(listed?.at(2) ?? ''))
      response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
    else response.end(JSON.stringify({ sha: COMMIT, siblings: pathsIn(folder).map(each => siblingOf(folder, each)) }))
  })
  return { ...hub, files }
}

function isLarge(path: string): boolean {
  return /\.(safetensors|bin)$/.test(path)
}

/** Paths of the files in a folder, with those in its folders. */
export function pathsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path =>
    statSync(join(folder, path)).isFile()
  )
}

function siblingOf(folder: string, path: string) {
  const bytes = readFileSync(join(folder, path))
  const lfs = isLarge(path) ? { sha256: sha256Of(bytes), size: bytes.length, pointerSize: 134 } : undefined
  return { rfilename: path, size: bytes.length, blobId: blobOf(bytes), lfs }
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function blobOf(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}
