import { createServer, type Server, type ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { EpdError, messageOf } from '../errors.js'
import { systemReason } from '../files/reasons.js'
import { eventText, type Answer, type StreamedAnswer, type WholeAnswer } from './answer.js'
import { answerTo, type Served } from './handle.js'
import { holdStore } from './held-store.js'
import { PORT } from './port.js'
import { PAGES } from './registry.js'

/** What a server is told beside its store. */
export interface ServeOptions {
  /** From 0 to 65,535; 0 takes one that is free. Default: 3730. */
  readonly port?: number
  /** Ends the server once it is aborted. */
  readonly signal?: AbortSignal
  /** Told of failures that are not the reader's, such as a damaged row; the page says of them as well. */
  readonly onError?: (error: unknown) => void
}

/** A server that listens. */
export interface StoreServer {
  /** Where its first page is. */
  readonly url: string
  readonly port: number
  /** Ends it and all that it is answering. */
  readonly close: () => Promise<void>
}

const HOST = '127.0.0.1'

/**
 * Serves pages over the store in a folder: its runs, runs under way as they go on, comparisons, tables, reports and
 * images. The server listens on 127.0.0.1 alone, answers GET and HEAD of its own pages alone, and never writes. Whoever
 * is on the machine can read what it serves.
 * @param store the folder of the store
 * @throws EpdError as `openStore`; `usage` for a port that is taken or that this user may not listen at
 */
export async function serve(store: string, options: ServeOptions = {}): Promise<StoreServer> {
  const { port = PORT, signal, onError = () => undefined } = options
  signal?.throwIfAborted()
  const held = holdStore(resolve(store))
  const leaving = new AbortController()
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => {
      gone.abort()
    })
    const served: Served = { pages: PAGES, store: held.now, storeName: store, port: portOf(server), onError }
    const until = AbortSignal.any([gone.signal, leaving.signal])
    answerTo(request, served, until)
      .then(answer => sent(response, answer, until))
      .catch((error: unknown) => {
        response.destroy()
        if (!until.aborted) onError(error)
      })
  })
  try {
    await listening(server, port)
  } catch (error) {
    held.close()
    throw error
  }
  let closed: Promise<void> | undefined
  const close = () => (closed ??= ended(server, leaving).finally(held.close))
  signal?.addEventListener('abort', () => void close(), { once: true })
  return { url: `http://${HOST}:${portOf(server)}/`, port: portOf(server), close }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', error => {
      fail(inWords(error, port))
    })
    server.listen({ host: HOST, port }, done)
  })
}

function inWords(error: Error, port: number): EpdError {
  const details = { subject: 'port', wayOut: 'another-port', cause: error } as const
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return new EpdError('usage', `port ${port}: another program listens there`, details)
  if (code === 'EACCES') return new EpdError('usage', `port ${port}: this user may not listen there`, details)
  return new EpdError('usage', `port ${port}: ${systemReason(error) ?? messageOf(error)}`, details)
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

function ended(server: Server, leaving: AbortController): Promise<void> {
  leaving.abort()
  return new Promise(done => {
    server.close(() => {
      done()
    })
    server.closeAllConnections()
  })
}

/** What is said with every answer: nothing is kept, guessed, framed, or told to another place. */
const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
} as const

const NOTHING = "default-src 'none'; frame-ancestors 'none'"

async function sent(response: ServerResponse, answer: Answer, signal: AbortSignal): Promise<void> {
  if ('events' in answer) await sentEvents(response, answer, signal)
  else sentWhole(response, answer)
}

function sentWhole(response: ServerResponse, { status, type, body, policy = NOTHING, headers }: WholeAnswer): void {
  const length = Buffer.byteLength(body)
  response.writeHead(status, {
    ...HEADERS,
    'content-security-policy': policy,
    'content-type': type,
    ...(status !== 204 && { 'content-length': length }),
    ...headers
  })
  response.end(body)
}

async function sentEvents(response: ServerResponse, { events }: StreamedAnswer, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { ...HEADERS, 'content-security-policy': NOTHING, 'content-type': 'text/event-stream' })
  if (response.req.method === 'HEAD') {
    response.end()
    return
  }
  response.flushHeaders()
  for await (const event of events) {
    if (signal.aborted) return
    if (!response.write(eventText(event))) await drained(response, signal)
  }
  response.end()
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise(done => {
    response.once('drain', done)
    signal.addEventListener('abort', () => {
      done()
    })
  })
}
