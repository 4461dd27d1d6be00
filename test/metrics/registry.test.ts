import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeNpy } from '../../src/checkpoints/npy.js'
import { resultLines } from '../../src/cli/result-table.js'
import { laidOut } from '../../src/cli/table.js'
import { METRICS } from '../../src/metrics/registry.js'
import { begin, type Execution } from '../../src/pipeline/execute.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { compare } from '../../src/store/comparison.js'
import { createStore, openStore, type WritableStore } from '../../src/store/store.js'
import { meanAbsMetric } from './mean-abs.js'

const names = METRICS.map(({ name }) => name)

describe('the registry of metrics', () => {
  it.each(METRICS.map(metric => [metric.name, metric] as const))('says what %s is', (_, { name, title, needs }) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    expect(title).toMatch(/^[A-Za-z0-9].*[^.]$/)
    for (const keys of [needs.keys, needs.oneOf]) expect(keys).not.toEqual([])
    if (needs.pairs) expect(needs.keys).toContain('reference')
  })

  it('has each name once', () => {
    expect(new Set(names).size).toBe(names.length)
  })

  it('is what the schema says for editors', () => {
    const { $defs } = JSON.parse(readFileSync('schemas/experiment.schema.json', 'utf8')) as {
      $defs: { metrics: { title: string; description: string; items: { enum: string[] } } }
    }
    const { title, description, items } = $defs.metrics
    expect(items.enum).toEqual(names)
    expect(title).toBe(`a list of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`)
    for (const name of names) expect(description).toContain(name)
  })

  it('loads nothing that is slow to load, since help and lists of runs load it', () => {
    const loaded = importsOf('src/metrics/registry.ts')
    expect(loaded).toContain('src/metrics/kid.ts')
    expect([...loaded].filter(file => /^src\/(engines|checkpoints|networks|models|images)\//.test(file))).toEqual([])
  })
})

/** The files that are loaded with one, itself among them; not those that it imports while it runs. */
function importsOf(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found
  found.add(file)
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type\b)[^']*? from '(\.[^']+)\.js'/gm)
  for (const [, path] of imports) importsOf(join(dirname(file), `${path}.ts`), found)
  return found
}

describe('a metric that is one file', () => {
  const metrics = [...METRICS, meanAbsMetric]
  const folder = mkdtempSync(join(tmpdir(), 'epd-metric-'))
  const stages = {
    euler: '{ kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-3 }',
    heun: '{ kind: sample, solver: { name: heun, nfe: 4 }, seeds: 0-3 }',
    reference: '{ kind: sample, solver: { name: heun, nfe: 8 }, seeds: 0-3 }',
    score: '{ kind: score, samples: [euler, heun], reference: reference, metrics: [mean-abs, rmse] }'
  }
  const load = (changes: Partial<typeof stages> & { readonly refused?: string } = {}) => {
    const lines = Object.entries({ ...stages, ...changes }).map(([name, stage]) => `  ${name}: ${stage}`)
    const head = 'name: one\nmodel: { checkpoint: ddpmpp-uncond.pkl }\nsolver: { name: euler, nfe: 2 }\nstages:'
    return loadExperiment({ file: 'test/fixtures/edm/one.yaml', text: [head, ...lines].join('\n'), metrics })
  }
  const started = (given: ReturnType<typeof load>) =>
    begin({ experiment: given, store, metrics, signal: new AbortController().signal, onEvent: () => undefined })
  let store: WritableStore
  let execution: Execution

  beforeAll(async () => {
    store = createStore(folder)
    execution = await started(load())
    for (const stage of execution.plan.stages) await execution.run(stage)
    await execution.end()
  })
  afterAll(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })

  it.each([
    [
      'a name that is nearly its own',
      { score: stages.score.replace('mean-abs', 'mean-ab') },
      /score\.metrics\.0: expected "rmse", .* or "mean-abs", found "mean-ab"; did you mean "mean-abs"\?/
    ],
    [
      'nothing to compare with',
      { score: '{ kind: score, samples: [euler], metrics: [mean-abs] }' },
      /score\.reference: expected the name of a sample stage, found nothing, which mean-abs needs/
    ],
    [
      'images of other seeds',
      { euler: stages.euler.replace('0-3', '4-9') },
      /score\.samples\.0: expected a stage with seeds of reference "reference", found "euler" with none of them/
    ],
    [
      'too few images',
      { heun: stages.heun.replace('0-3', '0-1') },
      /score\.samples\.1: expected a stage with 3 seeds or more, found "heun" with 2/
    ]
  ])('refuses a spec with %s', (_, changes, message) => {
    expect(() => load(changes)).toThrow(message)
  })

  it('refuses before the first stage what its check finds', async () => {
    await expect(started(load({ refused: stages.score.replace(', rmse', '') }))).rejects.toThrow(
      'found before the first stage'
    )
  })

  it('is scored and stored with what it was measured against', () => {
    const { plan } = execution
    const values = (name: string) =>
      Float64Array.from(decodeNpy(store.readArtifact(store.artifacts(plan.keyOf(name), 'samples')[0])).data)
    const reference = values('reference')
    const rows = store.metrics(plan.keyOf('score')).filter(({ name }) => name === 'mean-abs')
    expect(rows.map(({ samplesKey }) => samplesKey)).toEqual(['euler', 'heun'].map(plan.keyOf))
    rows.forEach(({ value, count, details }, i) => {
      const samples = values(['euler', 'heun'][i])
      const sum = samples.reduce((all, sample, at) => all + Math.abs(sample - reference[at]), 0)
      expect(value).toBeCloseTo(sum / samples.length, 8)
      expect({ count, details }).toEqual({ count: 4, details: { against: 'reference', seeds: '0-3' } })
    })
  })

  it('is a column of the table of a run, and of the view for SQL, also where the store is only read', () => {
    const [, header] = resultLines(store, execution.plan.runId)
    expect(header.split('\n')[0]).toMatch(/^samples +solver +nfe +evaluations +images +rmse +mean-abs +seconds$/)
    const reader = openStore(folder)
    const { rows } = reader.query('SELECT samples, mean_abs < rmse FROM results WHERE mean_abs IS NOT NULL')
    reader.close()
    expect(rows).toEqual([
      ['euler', 1],
      ['heun', 1]
    ])
  })

  it('is compared, the smaller value as the better, and printed with its digits', () => {
    const options = { rows: 'samples', cols: 'score', metric: 'mean-abs', where: [] }
    const results = store.results(execution.plan.runId)
    const text = laidOut(compare(results, options, metrics), 'markdown')
    expect(text).toMatch(/^\| mean-abs: samples by score \| score \|/)
    expect(text).toMatch(/^\| euler \| \*\*0\.\d{3}\*\* \|\n\| heun \| <u>1\.\d{3}<\/u> \|$/m)
    expect(() => compare(results, options)).toThrow(/expected one of rmse, .*, found mean-abs/)
  })
})
