import type { IncomingHttpHeaders } from 'node:http'

/** Why a request is refused, with its status. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What of a request says who asks. */
export interface Asked {
  readonly method?: string
  /** What stands behind the method: a path, with what is asked behind a question mark. */
  readonly url?: string
  readonly headers: IncomingHttpHeaders
}

/**
 * Why a request is not answered, or undefined. Only pages of this server may read what it says: a name of somebody
 * else that leads to this machine is refused (DNS rebinding), and so is whatever a page from elsewhere asks for.
 */
export function refusalOf({ method, url, headers }: Asked, port: number): Refusal | undefined {
  const hosts = hostsAt(port)
  if (!hosts.includes(headers.host?.toLowerCase() ?? ''))
    return { status: 421, message: `This server answers at ${hosts[0]} and ${hosts[1]} alone.` }
  if (isForeign(headers, hosts)) return { status: 403, message: 'A page of another place may not read this one.' }
  if (method !== 'GET' && method !== 'HEAD')
    return {
      status: 405,
      message: 'This server only reads: it takes GET and HEAD.',
      headers: { allow: 'GET, HEAD' }
    }
  if (!url?.startsWith('/')) return { status: 400, message: 'The address has no path that begins with a slash.' }
  return undefined
}

/** What browsers that are at the right place send as Host. */
function hostsAt(port: number): readonly string[] {
  const names = ['127.0.0.1', 'localhost']
  return [...names.map(name => `${name}:${port}`), ...(port === 80 ? names : [])]
}

/** Whether another place asks: by its origin, or for a part of its own page, which browsers tell of since 2023. */
function isForeign(headers: IncomingHttpHeaders, hosts: readonly string[]): boolean {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  if (origin !== undefined && !hosts.some(host => origin.toLowerCase() === `http://${host}`)) return true
  const isElsewhere = site === 'cross-site' || site === 'same-site'
  return isElsewhere && !(mode === 'navigate' && destination === 'document')
}
