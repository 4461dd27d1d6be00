import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeZip } from '../../src/checkpoints/zip.js'
import { toPng } from '../../src/images/to-png.js'
import { inceptionRecipe } from '../../src/metrics/inception.js'
import { readStatistics } from '../../src/metrics/reference.js'
import { openStore } from '../../src/store/store.js'
import { writeStatistics, writeWeights } from '../support/stand-ins.js'
import { epdRun, smallSpec, temporaryFolder, type Line } from '../support/cli.js'

const assets = mkdtempSync(join(tmpdir(), 'epd-assets-'))
const env = { ...process.env, EPD_ASSETS: assets, XDG_CACHE_HOME: temporaryFolder() }
/** Shared, so that the network is compiled once. */
const store = temporaryFolder()
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
    for (const { metrics } of results) expect(metrics.fid).toBeGreaterThan(0)
    const { kid, precision, recall } = results[2].metrics
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
    expect(stdout).toMatch(/\nfid, 3 values: about -?[0-9.e+-]+ to -?[0-9.e+-]+ too high, from 6 images each\n/)
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
      /holds no Inception-v3 of 2015; expected pytorch-fid's \S+\.pth or NVIDIA's \S+\.pkl/
    ],
    [
      'statistics that are none',
      fidSpec(address('inception.pth'), address('inception.pth')),
      /is not a zip archive; expected an \.npz of statistics with mu and sigma/
    ]
  ])('with %s says what to do', async (_, spec, message) => {
    const { code, stderr } = await epdRun(['run', spec, '--store', store, '--json'], { env })
    expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })
})

describe('a distillation with features', () => {
  const distill = (optimizer: string, features = `features: { weights: "${address('inception.pth')}" },`) =>
    `{ kind: distill, teacher: teacher, validation: 10, ${features} optimizer: ${optimizer} }`
  const spec = join(temporaryFolder(), 'features.yaml')
  writeFileSync(
    spec,
    `${readFileSync(smallSpec(), 'utf8').split('stages:')[0]}stages:
  teacher: { kind: teacher, refine: 1, seeds: 0 }
  lm: ${distill('{ name: levenberg-marquardt, iterations: 1, finalIterations: 1 }')}
  adam: ${distill('{ name: adam, batch: 1, trajectories: 2 }')}
  pixels: ${distill('{ name: adam, batch: 1, trajectories: 2 }', '')}
`
  )

  it('compares what Inception sees of final images, by either optimiser', async () => {
    expect(await epdRun(['run', spec, '--store', store, '--json'], { env })).toMatchObject({ code: 0, stderr: '' })
    const opened = openStore(store)
    const [run] = opened.runs()
    const keys = new Map(opened.runStages(run.id).map(({ name, key }) => [name, key]))
    const learned = (name: string) => opened.predictor(keys.get(name) ?? '')!
    expect(learned('adam').predictor).not.toEqual(learned('pixels').predictor)
    // Pixels of the tiny network's images are far apart, features of the stand-in are not.
    for (const name of ['lm', 'adam']) expect(learned(name).loss).toBeLessThan(learned('pixels').loss / 10)
    expect(opened.iterations(keys.get('lm') ?? '').map(({ phase }) => phase)).toEqual(['step', 'step', 'final'])
    opened.close()
  })

  it('shows so before it runs, and is refused without weights', async () => {
    const plan = await epdRun(['run', spec, '--store', store, '--dry-run'], { env })
    expect(plan.stdout).toMatch(/lm +distill +in the store .* by levenberg-marquardt from teacher, in feature space\n/)
    const refused = await epdRun(['validate', spec, '--set', 'stages.lm.features={}'], { env })
    expect(refused.stderr).toMatch(/stages\.lm\.features\.weights: expected .*, found nothing/)
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

describe('what a run can know before it begins', () => {
  const fresh = (spec: string) => epdRun(['run', spec, '--store', temporaryFolder(), '--json'], { env })

  it('is told before the first stage: statistics of something else', async () => {
    const statistics = join(temporaryFolder(), 'pixels.npz')
    writeStatistics(statistics, 768)
    const { code, stdout, stderr } = await fresh(fidSpec(address('inception.pth'), statistics))
    expect(stderr).toMatch(/pixels\.npz: holds statistics of 768 dimensions, and those of 2048 are needed/)
    expect(stdout).not.toContain('"started"')
    expect(code).toBe(1)
  })

  it('is told before the first download: all files that are not there', async () => {
    const spec = fidSpec('weights.pth', 'real.npz')
    const { code, stdout, stderr } = await fresh(spec)
    expect(stderr).toMatch(
      /weights\.pth: there is no such file; correct its path\n.*real\.npz: there is no such file; /
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const validated = await epdRun(['validate', spec])
    expect(validated.stderr).toMatch(
      /^warning: \S+weights\.pth: there is no such file; .*\nwarning: \S+real\.npz: there is/
    )
    expect(validated.code).toBe(0)
  })
})

describe('reference', () => {
  const folder = temporaryFolder()
  const picture = (seed: number, channels: 1 | 3, width = 8) => {
    const data = Uint8Array.from({ length: 8 * width * channels }, (_, i) => (37 * i * (seed + 1)) % 251)
    return toPng({ width, height: 8, channels, data })
  }
  mkdirSync(join(folder, 'deeper'))
  for (let seed = 0; seed < 3; seed++)
    writeFileSync(join(folder, 'deeper', `${seed}.png`), picture(seed, seed < 2 ? 3 : 1))
  writeFileSync(join(folder, 'notes.txt'), 'no image')
  const make = (place: string, out: string) =>
    epdRun(['reference', place, '--weights', join(assets, 'inception.pth'), '--out', out, '--json'], { env })

  it('makes statistics of a folder, and the same of a zip archive of it', async () => {
    const [out, other] = [join(temporaryFolder(), 'a.npz'), join(temporaryFolder(), 'b.npz')]
    const made = await make(folder, out)
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(made.stdout)).toMatchObject({
      ...{ images: 3, size: '8x8', preparation: 'tensorflow' },
      skipped: { count: 1, first: ['notes.txt'] }
    })
    const archive = join(temporaryFolder(), 'images.zip')
    const files = [0, 1, 2].map(seed => [`${seed}.png`, picture(seed, seed < 2 ? 3 : 1)] as const)
    writeFileSync(archive, writeZip(new Map([['dataset.json', Buffer.from('{}')], ...files])))
    expect(await make(archive, other)).toMatchObject({ code: 0 })
    expect(readFileSync(other).equals(readFileSync(out))).toBe(true)
    const { mean, covariance } = await readStatistics(out)
    expect([mean.length, covariance.length]).toEqual([2048, 2048 ** 2])
  })

  it.each([
    ['in no folder', join(folder, 'none', 'a.npz'), /a\.npz: there is no folder \S+none; make it, or name another/],
    ['in a file', join(folder, 'notes.txt', 'a.npz'), /a\.npz: there is no folder \S+notes\.txt; make it, or/],
    ['over a file', join(folder, 'notes.txt'), /notes\.txt is there already; name another file, or move that one away/]
  ])('%s is refused before any image is read', async (_, out, message) => {
    const { code, stderr } = await make('/no/images', out)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  it.each([
    [
      'images of two sizes',
      { '0.png': picture(0, 3), '1.png': picture(1, 3, 9) },
      /1\.png has 9x8 pixels and the first image 8x8/
    ],
    ['a broken image', { '0.png': picture(0, 3), '1.png': picture(1, 3).subarray(0, 40) }, /1\.png cannot be read: /],
    ['no image', { 'a.txt': Buffer.from('no') }, /no PNG or JPEG in it, but a\.txt; give a folder or a zip archive of/],
    ['one image', { '0.png': picture(0, 3) }, /0\.png is the only image in it, and statistics need two or more/],
    ['the same image twice', { '0.png': picture(0, 3), '1.png': picture(0, 3) }, /every variance is 0/]
  ])('of %s says so', async (_, files, message) => {
    const place = temporaryFolder()
    for (const [name, data] of Object.entries(files)) writeFileSync(join(place, name), data)
    const { code, stderr } = await make(place, join(temporaryFolder(), 'out.npz'))
    expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })
})
