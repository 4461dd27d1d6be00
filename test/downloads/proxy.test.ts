import { describe, expect, it } from 'vitest'
import { proxyFor } from '../../src/downloads/proxy.js'

const of = (address: string, env: Record<string, string>) => proxyFor(new URL(address), env)?.url

describe('the proxy of an address', () => {
  it.each([
    [{ HTTPS_PROXY: 'http://p:1' }, 'http://p:1/'],
    [{ https_proxy: 'http://p:1' }, 'http://p:1/'],
    [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, 'http://lower:1/'],
    [{ ALL_PROXY: 'http://p:1' }, 'http://p:1/'],
    [{ HTTPS_PROXY: 'http://p:1', ALL_PROXY: 'http://all:1' }, 'http://p:1/'],
    [{ HTTPS_PROXY: 'p:8080' }, 'http://p:8080/'],
    [{ HTTPS_PROXY: 'http://me:p%40ss@p:1' }, 'http://me:p%40ss@p:1/'],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTP_PROXY: 'http://p:1' }, undefined],
    [{}, undefined]
  ])('%j', (env, expected) => {
    expect(of('https://files.example/a', env as Record<string, string>)).toBe(expected)
  })

  it('is that of http for http', () => {
    expect(of('http://127.0.0.1:8/a', { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://q:1' })).toBe('http://p:1/')
  })

  it.each([
    ['*', true],
    ['files.example', true],
    ['FILES.EXAMPLE', true],
    ['.example', true],
    ['*.example', true],
    ['example', true],
    ['other,files.example', true],
    ['other files.example', true],
    ['files.example:443', true],
    ['files.example:444', false],
    ['les.example', false],
    ['files.example.org', false],
    ['10.0.0.0/8', false]
  ])('is none where NO_PROXY is %s: %s', (list, excepted) => {
    for (const name of ['NO_PROXY', 'no_proxy'])
      expect(of('https://files.example/a', { HTTPS_PROXY: 'http://p:1', [name]: list })).toBe(
        excepted ? undefined : 'http://p:1/'
      )
  })

  it.each([
    ['http://10.1.2.3/a', '10.0.0.0/8'],
    ['http://[::1]:8/a', '::1'],
    ['http://[::1]:8/a', '[::1]:8'],
    ['http://[fd00::1]/a', 'fd00::/8'],
    ['http://127.0.0.1/a', '127.0.0.1']
  ])('is none for %s where NO_PROXY is %s', (address, list) => {
    expect(of(address, { HTTP_PROXY: 'http://p:1', NO_PROXY: list })).toBe(undefined)
  })

  it('is named without its password, by the variable that gives it', () => {
    const { name } = proxyFor(new URL('https://a/'), { HTTPS_PROXY: 'http://me:secret@p:1' }) ?? {}
    expect(name).toBe('http://p:1 (HTTPS_PROXY)')
  })

  it.each([['socks5://p:1'], ['http://']])('that is %s is refused by its variable', value => {
    expect(() => of('https://a/', { ALL_PROXY: value })).toThrow('ALL_PROXY')
  })
})
