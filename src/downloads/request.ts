import { request as overHttp, type Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as overHttps } from 'node:https'
import type { Readable } from 'node:stream'
import { proxyFor, type Proxy } from './proxy.js'

/** The answer of a server, after all redirects. */
export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Readable
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent to the address's own host only, never to one that it redirects to. */
  readonly token?: string
  readonly signal: AbortSignal
}

/** The reason why there is no answer, in words that a sentence can go on with. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MOST_REDIRECTS = 10

/**
 * Asks a server, through the proxy that the environment names. Only https is spoken, and http to this machine itself.
 * @throws RequestError
 */
export async function ask(address: string, options: RequestOptions): Promise<Answer> {
  if (!URL.canParse(address)) throw new RequestError('is no address')
  let url = new URL(address)
  const home = url
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await askOnce(url, options, url.origin === home.origin ? authorization(home, options.token) : {})
    const location = answer.header('location')
    if (!REDIRECTS.has(answer.status) || location === undefined) return answer
    answer.body.on('error', () => undefined).destroy()
    if (!URL.canParse(location, url.href)) throw new RequestError('cannot be reached (it redirects to no address)')
    url = redirected(url, new URL(location, url))
  }
  throw new RequestError(`cannot be reached (it redirects more than ${MOST_REDIRECTS} times)`)
}

/** Whether an address is of this machine itself. */
function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

function redirected(from: URL, to: URL): URL {
  if (from.protocol === 'https:' && to.protocol !== 'https:')
    throw new RequestError(`redirects to ${to.protocol}//${to.host}, which anybody on the way could change; refused`)
  return to
}

async function askOnce(
  url: URL,
  { headers, signal }: RequestOptions,
  authorized: Readonly<Record<string, string>>
): Promise<Answer> {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
    throw new RequestError(`is reached by ${url.protocol}//${url.host}, and only https is taken; refused`)
  const proxy = proxyOf(url)
  const agent = await agentFor(proxy)
  const bare = new URL(url)
  bare.username = bare.password = bare.hash = ''
  try {
    const sent = (url.protocol === 'https:' ? overHttps : overHttp)(bare, {
      ...{ signal, agent },
      headers: { 'accept-encoding': 'identity', 'user-agent': 'epd-run', ...headers, ...authorized }
    })
    const { statusCode = 0, headers: answered, body } = await responseTo(sent)
    const header = (name: string) => {
      const value = answered[name]
      return Array.isArray(value) ? value.join(', ') : value
    }
    return { status: statusCode, header, body }
  } catch (error) {
    signal.throwIfAborted()
    throw new RequestError(unreachable(error, proxy), { cause: error })
  }
}

/** The answer of a proxy in place of a way to the server. */
class ProxyRefusal extends Error {
  constructor(readonly status: number) {
    super(`the proxy answered ${status}`)
  }
}

function responseTo(sent: ClientRequest) {
  return new Promise<Pick<IncomingMessage, 'statusCode' | 'headers'> & { readonly body: Readable }>(
    (resolve, reject) => {
      sent.on('proxyConnect', ({ statusCode }: { readonly statusCode: number }) => {
        if (statusCode !== 200) sent.destroy(new ProxyRefusal(statusCode))
      })
      sent.on('response', body => {
        resolve({ statusCode: body.statusCode, headers: body.headers, body })
      })
      // A response's own errors come with its body; later ones of the connection are of no account.
      sent.on('error', reject)
      sent.end()
    }
  )
}

function proxyOf(url: URL): Proxy | undefined {
  try {
    return proxyFor(url)
  } catch (error) {
    throw new RequestError(`cannot be reached (${messageOf(error)})`, { cause: error })
  }
}

function authorization({ username, password }: URL, token: string | undefined): Readonly<Record<string, string>> {
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new RequestError('is not asked, since the token for it has characters that no token has')
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** Connections are not kept for later requests. */
async function agentFor(proxy: Proxy | undefined): Promise<Agent | false> {
  if (!proxy) return false
  const { HttpsProxyAgent } = await import('https-proxy-agent')
  return new HttpsProxyAgent(proxy.url)
}

/** Certificates that are not signed by an authority that Node.js knows, such as those of a company's proxy. */
const UNSIGNED = /self.signed certificate|unable to (get|verify)[a-z ]* certificate/i

function unreachable(error: unknown, proxy: Proxy | undefined): string {
  if (error instanceof ProxyRefusal && error.status === 407)
    return (
      `cannot be reached: the proxy ${proxy?.name} asks for a user and password; expected ` +
      'http://USER:PASSWORD@HOST:PORT'
    )
  if (error instanceof ProxyRefusal) return `cannot be reached: the proxy ${proxy?.name} answered ${error.status}`
  const reason = messageOf(error)
  const wayOut = UNSIGNED.test(reason) ? '; NODE_EXTRA_CA_CERTS names a file of further authorities' : ''
  return `cannot be reached${proxy ? ` through the proxy ${proxy.name}` : ''} (${reason}${wayOut})`
}

/** The innermost reason of an error. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return messageOf(error.cause)
  return error.message === 'aborted' ? 'the connection was closed' : error.message || error.name
}
