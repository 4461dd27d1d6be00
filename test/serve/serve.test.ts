import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { report } from '../../src/report/report.js'
import { SERVE_POLICY } from '../../src/serve/layout.js'
import { serve, type StoreServer } from '../../src/serve/serve.js'
import { createStore, openStore } from '../../src/store/store.js'
import { temporaryFolder } from '../support/cli.js'
import { smallRun } from '../support/small-run.js'

const { whole } = smallRun()
const folder = temporaryFolder()

let server: StoreServer
let run: string

beforeAll(async () => {
  cpSync(whole, folder, { recursive: true })
  const store = createStore(folder)
  run = store.run('small').id
  store.tag(run, ['good'])
  store.note(run, 'the first one')
  const { file, spec } = store.run(run)
  const stages = store.runStages(run)
  const others = Array.from({ length: 60 }, (_, i) => `other-${String(i).padStart(2, '0')}`)
  for (const id of others) {
    store.beginRun({ id, name: 'other', description: '', file, spec, overrides: [`n=${id}`] }, stages.slice(0, 2))
    store.endRun(id, 'failed', `${id} went wrong`)
  }
  store.beginRun({ ...store.run(run), id: 'again', name: 'small', overrides: ['solver.nfe=3'] }, stages)
  store.endRun('again', 'finished')
  store.close()
  server = await serve(folder, { port: 0 })
})
afterAll(async () => {
  await server.close()
})

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function got(path: string, { method = 'GET', headers = {} } = {}): Promise<Got> {
  return new Promise((done, fail) => {
    const asked = request({ port: server.port, host: '127.0.0.1', path, method, headers }, answer => {
      text(answer).then(body => {
        done({ status: answer.statusCode ?? 0, headers: answer.headers, body })
      }, fail)
    })
    asked.on('error', fail).end()
  })
}

const rows = (body: string) => body.match(/<tr>/g)?.length ?? 0
const pages = () => [
  '/',
  `/runs/${run}`,
  `/runs/${run}/images`,
  `/runs/${run}/table`,
  `/compare?run=${run}&run=again`,
  '/nothing'
]

describe('every page', () => {
  it('is sent with headers that let nothing but its own script and style run', async () => {
    for (const path of pages()) {
      const { headers } = await got(path)
      expect(headers).toMatchObject({
        ...{ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': SERVE_POLICY },
        ...{ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' },
        ...{ 'cross-origin-resource-policy': 'same-origin', 'x-frame-options': 'DENY' }
      })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
    expect(SERVE_POLICY).toMatch(
      /^default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; connect-src 'self'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'$/
    )
  })

  it('names no place but this server, and asks for nothing else', async () => {
    for (const path of pages()) {
      const { body } = await got(path)
      const places = [...body.matchAll(/\s(?:href|src|action|formaction)="([^"]*)"/g)].map(([, place]) => place)
      expect(places.filter(place => !/^(\/(?!\/)|#|data:)/.test(place))).toEqual([])
    }
  })

  it('has one heading of the first level, labels for all fields, and headings without a gap', async () => {
    for (const path of pages()) {
      const { body } = await got(path)
      const levels = [...body.matchAll(/<h(\d)/g)].map(([, level]) => Number(level))
      expect(levels.filter(level => level === 1)).toHaveLength(1)
      expect(levels.every((level, i) => level <= (levels[i - 1] ?? 0) + 1)).toBe(true)
      const bare = body.replaceAll(/<label[^]*?<\/label>/g, '')
      const fields = bare.match(/<(?:input|select)[^>]*>/g) ?? []
      expect(fields.filter(field => !/aria-label="|type="hidden"/.test(field))).toEqual([])
    }
  })

  it('is answered to HEAD as to GET, without what is in it', async () => {
    for (const path of pages()) {
      const [whole, head] = [await got(path), await got(path, { method: 'HEAD' })]
      expect([head.status, head.headers['content-length'], head.body]).toEqual([
        ...[whole.status, String(Buffer.byteLength(whole.body)), '']
      ])
    }
  })
})

describe('a request', () => {
  it('that is not from this machine’s own pages, or would write, is refused in a sentence', async () => {
    for (const [headers, method, status] of [
      [{ host: 'evil.example' }, 'GET', 421],
      [{ origin: 'http://evil.example' }, 'GET', 403],
      [{}, 'POST', 405],
      [{}, 'DELETE', 405]
    ] as const) {
      const answer = await got('/', { headers, method })
      expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/plain; charset=utf-8'])
      expect(answer.body).not.toContain('small')
    }
  })

  it('for a path upwards, as it stands or in other letters, finds no file', async () => {
    for (const path of [
      ...['/../../../etc/passwd', '/..%2f..%2f..%2fetc%2fpasswd', '/runs/..%2f..%2fstore.sqlite', '/store.sqlite'],
      ...['/runs/../../store.sqlite', '/objects/', '/%00', `/runs/${'x'.repeat(5000)}`]
    ]) {
      const { status, body } = await raw(path)
      expect([path, status]).toEqual([path, 404])
      expect(body).not.toMatch(/root:|SQLite format/)
    }
  })

  it('whose path is no UTF-8 is refused', async () => {
    expect(await raw('/runs/%ff')).toMatchObject({ status: 400 })
  })
})

/** A request for a path that no client has changed. */
async function raw(path: string): Promise<{ status: number; body: string }> {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`)
  const body = await text(socket)
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(body)?.[1]), body }
}

describe('the list of runs', () => {
  it('has fifty of them, and turns to the others', async () => {
    const [first, second] = [await got('/'), await got('/?page=2')]
    expect([rows(first.body), rows(second.body)]).toEqual([51, 13])
    expect(first.body).toContain('Runs 1 to 50 of 62.')
    expect(first.body).toContain('value="2">Next</button>')
    expect((await got('/?page=99')).body).toContain('Runs 51 to 62 of 62.')
    expect((await got('/?page=-3')).body).toContain('Runs 1 to 50 of 62.')
  })

  it('finds runs by words, conditions and tags', async () => {
    const found = async (query: string) => rows((await got(`/?${query}`)).body) - 1
    expect(await found('where=other-07')).toBe(1)
    expect(await found('where=FIRST+one')).toBe(1)
    expect(await found(`where=${encodeURIComponent('state=failed and name~oth')}`)).toBe(50)
    expect(await found(`where=${encodeURIComponent('size>1')}`)).toBe(62 - 60 + 48)
    expect(await found('tag=good')).toBe(1)
    expect((await got('/?where=nowhere')).body).toContain('None of 62 runs is like that.')
  })

  it('is in the order that is asked for', async () => {
    const first = (body: string) => /<th scope="row">\s*<a href="\/runs\/([^"]*)"/.exec(body)?.[1]
    expect(first((await got('/?sort=run')).body)).toBe('again')
    expect(first((await got('/?sort=-run')).body)).toBe(run)
    expect((await got('/?sort=state')).body).toContain('aria-sort="ascending"')
  })

  it('says what is wrong with a condition, beside it', async () => {
    const { status, body } = await got(`/?where=${encodeURIComponent('sise>3')}`)
    expect(status).toBe(400)
    expect(body).toContain('value="sise&gt;3"')
    expect(body).toMatch(/role="alert">[^<]*did you mean &quot;size&quot;\?/)
  })

  it('keeps what is chosen on other pages', async () => {
    const { body } = await got('/?page=1&run=other-00&run=nobody')
    const boxes = [...body.matchAll(/<input type="checkbox"[^>]*value="([^"]*)"[^>]*checked/g)].map(([, id]) => id)
    expect(boxes).toEqual(['other-00'])
  })
})

describe('the page of a run', () => {
  it('says how it stands, with its results and stages', async () => {
    const { status, body } = await got(`/runs/${run}`)
    expect(status).toBe(200)
    for (const words of [run, 'the first one', 'href="/?tag=good"', 'epd K=2', 'distill', 'state finished'])
      expect(body).toContain(words)
    expect(body).not.toContain('data-events="')
  })

  it('that has failed says why, and what goes on with it', async () => {
    const { body } = await got('/runs/other-01')
    expect(body).toContain('other-01 went wrong')
    expect(body).toContain(`epd-run resume other-01 --store ${folder}`)
  })

  it('is found by a name, and is not there otherwise', async () => {
    expect((await got('/runs/small')).status).toBe(200)
    for (const what of ['', '/table', '/images', '/events', '/strip.png', '/comparison.png']) {
      const { status, body } = await got(`/runs/nobody${what}`)
      expect([what, status]).toEqual([what, 404])
      expect(body).toContain('no run &quot;nobody&quot;')
    }
  })

  it('ends its news at once where nothing goes on', async () => {
    const { headers, body } = await got(`/runs/${run}/events`)
    expect(headers['content-type']).toBe('text/event-stream')
    expect(body).toMatch(/event: progress\ndata: [^]*event: end\ndata: \n\n$/)
  })
})

describe('the table of a run', () => {
  it('has the best in bold and the command that prints the same', async () => {
    const { body } = await got(`/runs/${run}/table?metric=rmse&rows=solver&cols=nfe`)
    expect(body).toMatch(/<b class="best">[\d.]+<\/b>/)
    expect(body).toContain(
      `epd-run table ${run} --rows solver --cols nfe --metric rmse --format latex --store ${folder}`
    )
  })

  it.each(['rows=nothing', 'metric=fid', 'where=nfe', 'where=x%3D1'])('says what is wrong with %s', async query => {
    const { status, body } = await got(`/runs/${run}/table?${query}`)
    expect([status, body.includes('role="alert"'), body.includes('<form')]).toEqual([400, true, true])
  })

  it('of a run without scores says so', async () => {
    expect((await got('/runs/other-01/table')).body).toContain('no scored samples yet')
  })
})

describe('a comparison', () => {
  it('says what differs in specs and results', async () => {
    const { body } = await got(`/compare?run=${run}&run=again`)
    for (const words of ['2 runs compared', 'Shared stages: ', 'rmse', 'more than the spread'])
      expect(body).toContain(words)
  })

  it('needs two runs that have something in common', async () => {
    expect(await got('/compare')).toMatchObject({ status: 400 })
    expect((await got(`/compare?run=${run}`)).body).toContain(`href="/?run=${run}"`)
    expect(await got(`/compare?run=${run}&run=${run}`)).toMatchObject({ status: 400 })
    expect(await got(`/compare?run=${run}&run=other-01`)).toMatchObject({ status: 404 })
  })
})

describe('the report', () => {
  it('is that which epd-run report writes, of any runs', async () => {
    const store = openStore(folder)
    for (const runs of [[run], [run, 'again']]) {
      const { body, headers } = await got(`/report?${runs.map(id => `run=${id}`).join('&')}`)
      expect(body).toBe(await report(store, runs, { storeName: folder }))
      const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(body) ?? []
      expect(headers['content-security-policy']).toBe(`${policy.replaceAll('&#39;', "'")}; frame-ancestors 'none'`)
    }
    store.close()
  })

  it('of no run leads to the list', async () => {
    expect(await got('/report')).toMatchObject({ status: 400 })
  })
})

describe('images', () => {
  it('are PNGs of the seeds that are asked for', async () => {
    const { body } = await got(`/runs/${run}/images?seeds=2040-2043`)
    const sources = [...body.matchAll(/<img[^>]*src="([^"]*)"/g)].map(([, source]) => source.replaceAll('&amp;', '&'))
    expect(sources).toHaveLength(4)
    for (const source of sources) {
      const { status, headers, body: png } = await got(source)
      expect([status, headers['content-type']]).toEqual([200, 'image/png'])
      expect(png.slice(1, 4)).toBe('PNG')
    }
  })

  it.each(['seeds=x', 'seeds=5-1', 'seeds=0-9999999'])('say what is wrong with %s', async query => {
    expect(await got(`/runs/${run}/images?${query}`)).toMatchObject({ status: 400 })
  })

  it('that are not there are not found', async () => {
    expect(await got(`/runs/${run}/strip.png?stage=samples&seeds=1`)).toMatchObject({ status: 404 })
    expect(await got(`/runs/${run}/strip.png?stage=..%2F..%2Fx&seeds=2040`)).toMatchObject({ status: 404 })
  })
})

describe('the server', () => {
  it('writes nothing, whatever is asked', async () => {
    const before = readFileSync(join(folder, 'store.sqlite'))
    for (const path of pages()) await got(path)
    expect(readFileSync(join(folder, 'store.sqlite')).equals(before)).toBe(true)
  })

  it('tells of damage on the page and to who started it, and goes on', async () => {
    const dir = temporaryFolder()
    cpSync(whole, dir, { recursive: true })
    const told: unknown[] = []
    const other = await serve(dir, { port: 0, onError: error => told.push(error) })
    const store = openStore(dir)
    for (const { key } of store.runStages(run))
      for (const artifact of store.artifacts(key, 'images')) writeFileSync(store.artifactPath(artifact), 'damaged')
    store.close()
    const answer = await fetch(new URL(`/runs/${run}/images`, other.url))
    expect(answer.status).toBe(500)
    expect(await answer.text()).toMatch(/role="alert">[^<]*objects/)
    expect(told).toMatchObject([{ code: 'store-corrupt' }])
    expect((await fetch(other.url)).status).toBe(200)
    await other.close()
  })

  it('shows another store that takes the place of its own, and says so where there is none', async () => {
    const [dir, aside] = [temporaryFolder(), temporaryFolder()]
    cpSync(whole, dir, { recursive: true })
    const other = await serve(dir, { port: 0 })
    const look = async () => {
      const answer = await fetch(other.url)
      return [answer.status, await answer.text()] as const
    }
    expect((await look())[1]).toContain(run)
    rmSync(aside, { recursive: true })
    renameSync(dir, aside)
    expect(await look()).toMatchObject([404, expect.stringContaining('no store there')])
    createStore(dir).close()
    expect((await look())[1]).toContain('The store has no run yet.')
    await other.close()
  })

  it('refuses a folder without a store, and a port that is taken, before it listens', async () => {
    await expect(serve(temporaryFolder())).rejects.toMatchObject({ code: 'not-found' })
    await expect(serve(folder, { port: server.port })).rejects.toMatchObject({
      ...{ code: 'usage', subject: 'port', wayOut: 'another-port' },
      message: `port ${server.port}: another program listens there`
    })
  })

  it('ends by its signal, with what it is answering', async () => {
    const ending = new AbortController()
    const other = await serve(folder, { port: 0, signal: ending.signal })
    expect((await fetch(other.url)).status).toBe(200)
    ending.abort()
    await other.close()
    await expect(fetch(other.url)).rejects.toThrow()
    await expect(serve(folder, { signal: ending.signal })).rejects.toThrow()
  })
})
