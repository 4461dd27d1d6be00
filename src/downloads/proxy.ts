import { BlockList, isIP } from 'node:net'

/** The proxy that a request goes through. */
export interface Proxy {
  /** Its address, with user and password where it has them. */
  readonly url: string
  /** Its name for messages: the address without user and password, and the variable that names it. */
  readonly name: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name for an address, unless NO_PROXY excepts its host. Names in
 * lower case come first, as they do for curl.
 * @throws RangeError that says what is wrong with the proxy's own address.
 */
export function proxyFor({ protocol, hostname, port }: URL, env: Environment = process.env): Proxy | undefined {
  const own = protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const found = [own, 'all_proxy'].flatMap(name => [name, name.toUpperCase()]).find(name => env[name])
  if (found === undefined) return undefined
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (isExcepted(host, port || (protocol === 'https:' ? '443' : '80'), env.no_proxy ?? env.NO_PROXY ?? ''))
    return undefined
  return parsed(env[found] ?? '', found)
}

function parsed(value: string, variable: string): Proxy {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url) throw new RangeError(`${variable} is no address of a proxy; expected http://HOST:PORT`)
  const name = `${url.protocol}//${url.host} (${variable})`
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RangeError(`the proxy ${name} is of a kind that is not supported; expected http://HOST:PORT`)
  return { url: url.href, name }
}

/**
 * Whether NO_PROXY names a host: the host itself, a domain that it is in, a network in CIDR notation, each with a port
 * or not; or *.
 */
function isExcepted(host: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some(entry => {
      if (entry === '*') return true
      const [, name, itsPort] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [undefined, entry, undefined]
      if (itsPort !== undefined && itsPort !== port) return false
      const bare = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
      return bare.includes('/') ? isWithin(host, bare) : host === bare || host.endsWith(`.${bare}`)
    })
}

function isWithin(host: string, network: string): boolean {
  const [base, bits] = network.split('/')
  const family = isIP(base)
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(base, Number(bits), kind)
  return list.check(host, kind)
}
