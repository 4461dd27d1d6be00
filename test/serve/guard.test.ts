import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../src/serve/guard.js'

const asked = (headers: Readonly<Record<string, string>>, method = 'GET', url = '/') =>
  refusalOf({ method, url, headers }, 4000)?.status

const host = '127.0.0.1:4000'

describe('a request', () => {
  it.each([host, 'localhost:4000', 'LOCALHOST:4000'])('to %s is answered', name => {
    expect(asked({ host: name })).toBeUndefined()
    expect(asked({ host: name }, 'HEAD')).toBeUndefined()
  })

  it.each([
    '',
    '127.0.0.1',
    '127.0.0.1:4001',
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example:4000',
    '127.0.0.1:4000.evil.example',
    '[::1]:4000',
    '0.0.0.0:4000'
  ])('that calls the machine %j is refused, since another place may have led there', name => {
    expect(asked({ host: name })).toBe(421)
  })

  it('without a Host is refused', () => {
    expect(asked({})).toBe(421)
  })

  it.each(['http://evil.example', 'https://127.0.0.1:4000', 'http://localhost:4001', 'null', 'file://'])(
    'of a page at %s is refused',
    origin => {
      expect(asked({ host, origin })).toBe(403)
    }
  )

  it('of its own pages is answered', () => {
    expect(asked({ host, origin: 'http://127.0.0.1:4000', 'sec-fetch-site': 'same-origin' })).toBeUndefined()
    expect(asked({ host, origin: 'http://localhost:4000' })).toBeUndefined()
  })

  it.each(['cross-site', 'same-site'])('for an image, a script or a frame of a page that is %s is refused', site => {
    const from = { host, 'sec-fetch-site': site }
    expect(asked({ ...from, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' })).toBe(403)
    expect(asked({ ...from, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).toBe(403)
    expect(asked({ ...from, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })).toBe(403)
  })

  it('by a link that somebody follows is answered', () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect(asked({ host, ...link })).toBeUndefined()
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'])('to %s anything is refused', method => {
    expect(refusalOf({ method, url: '/', headers: { host } }, 4000)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' }
    })
  })

  it.each(['http://evil.example/', '*', 'runs'])('for %j, which is no path, is refused', url => {
    expect(asked({ host }, 'GET', url)).toBe(400)
  })
})

it('at port 80 need not name it', () => {
  expect(refusalOf({ method: 'GET', url: '/', headers: { host: 'localhost' } }, 80)).toBeUndefined()
})
