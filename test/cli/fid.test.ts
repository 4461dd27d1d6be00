import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { inceptionRecipe } from '../../src/metrics/inception.js'
import { openStore } from '../../src/store/store.js'
import { writeStatistics, writeWeights } from '../stand-ins.js'
import { epdRun, smallSpec, temporaryFolder, type Line } from './process.js'

const assets = mkdtempSync(join(tmpdir(), 'epd-assets-'))
const env = { ...process.env, EPD_ASSETS: assets }
const address = (name: string) => `https://example.org/${name}`

beforeAll(() => {
  writeWeights(join(assets, 'inception.pth'), inceptionRecipe([8, 8], 'tensorflow'))
  writeStatistics(join(assets, 'real.npz'), 2048)
})

/** A spec that scores by fid, against statistics and against a reference. */
function fidSpec(weights = address('inception.pth'), statistics = address('real.npz')): string {
  const file = join(temporaryFolder(), 'fid.yaml')
  const [head] = readFileSync(smallSpec(), 'utf8').split('stages:')
  writeFileSync(
    file,
    `${head}stages:
  euler: { kind: sample, solver: { name: euler, nfe: 3 }, seeds: 0-5 }
  reference: { kind: sample, solver: { name: heun, nfe: 6 }, seeds: 0-5 }
  real: { kind: score, samples: [euler, reference], metrics: [fid], features: { weights: "${weights}" }, statistics: "${statistics}" }
  own: { kind: score, samples: [euler], reference: reference, metrics: [fid, kid, precision, recall, rmse], features: { weights: "${weights}" } }
`
  )
  return file
}

describe('fid', () => {
  it('is scored against statistics and against a reference, on features that are computed once', async () => {
    const store = temporaryFolder()
    const lines: Line[] = []
    const run = await epdRun(['run', fidSpec(), '--store', store, '--json'], { env, onLine: line => lines.push(line) })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const cached = lines.filter(({ type }) => type === 'cached').map(({ stage }) => stage)
    expect(cached).toEqual(['own.euler', 'own.reference'])
    const opened = openStore(store)
    const results = opened.results()
    expect(results.map(({ samples, score }) => `${samples} ${score}`)).toEqual([
      'euler real',
      'reference real',
      'euler own'
    ])
    for (const { fid } of results) expect(fid).toBeGreaterThan(0)
    const { kid, precision, recall } = results[2]
    expect(Number.isFinite(kid)).toBe(true)
    for (const share of [precision, recall]) expect([0, 1, 2, 3, 4, 5, 6]).toContain(Math.round(6 * share!))
    const real = opened.runStages(opened.runs()[0].id).find(({ name }) => name === 'real')!
    expect(opened.metrics(real.key)[0]).toMatchObject({
      name: 'fid',
      count: 6,
      details: { network: { preparation: 'tensorflow' } }
    })
    opened.close()
    const { stdout } = await epdRun(['show', 'small', '--store', store])
    expect(stdout).toMatch(/\nfid of euler: about -?[0-9.e+-]+ too high, from 6 images\n/)
  })

  it.each([
    [
      'weights that are not there',
      fidSpec(address('none.pth')),
      /none\.pth: there is no such file; put there what is at https:\/\/example\.org\/none\.pth/
    ],
    [
      'weights of another network',
      fidSpec(join(process.cwd(), 'models', 'shapes16', 'shapes16.safetensors')),
      /holds no Inception-v3 as pytorch-fid publishes it/
    ],
    [
      'statistics that are none',
      fidSpec(address('inception.pth'), address('inception.pth')),
      /is not a zip archive; expected an \.npz of statistics with mu and sigma/
    ]
  ])('with %s says what to do', async (_, spec, message) => {
    const { code, stderr } = await epdRun(['run', spec, '--store', temporaryFolder(), '--json'], { env })
    expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })
})

describe('fetch', () => {
  it('gets all that an experiment reads, and says what it is', async () => {
    const { code, stdout } = await epdRun(['fetch', fidSpec(), '--store', temporaryFolder(), '--json'], { env })
    expect(code).toBe(0)
    const files = JSON.parse(stdout) as { location: string; path: string; bytes: number; digest: string }[]
    expect(files.map(({ location }) => location.replace(/.*\//, ''))).toEqual([
      ...['ddpmpp-uncond.pkl', 'inception.pth', 'real.npz']
    ])
    for (const { path, bytes, digest } of files) {
      const data = readFileSync(path)
      expect([bytes, digest]).toEqual([data.length, createHash('sha256').update(data).digest('hex')])
    }
  })

  it('says what is not there', async () => {
    const { code, stderr } = await epdRun(['fetch', fidSpec(address('none.pth')), '--store', temporaryFolder()], {
      env
    })
    expect(stderr).toMatch(/^epd-run: [^\n]+none\.pth: there is no such file; put there what is at [^\n]+\n$/)
    expect(code).toBe(1)
  })
})
