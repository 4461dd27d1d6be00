import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { EpdError } from '../../src/errors.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { plan } from '../../src/pipeline/plan.js'
import { published } from '../../src/predictors/published.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { withDerived } from '../../src/stages/derived.js'

/** Specs that have all kinds of stages between them. */
const SPECS = ['shapes16-nfe5.yaml', 'cifar10-nfe5.yaml', 'ddpm-cifar10.yaml']
/** What changes no bit of a result: how samples are put into batches, and what describes. */
const MEANINGLESS = /^(name|description)$|\.batch$/
const model = { digest: 'm', engine: 'e', batchInvariant: true }

/** Every location is there, and its digest is its path. */
class Assets extends Map<string, { path: string; digest: string }> {
  override get(path: string) {
    return { path, digest: path }
  }
}

/** The keys of all stages of a spec, by case and name. */
function keys(text: string): Readonly<Record<string, string>> {
  const experiment = loadExperiment({ file: resolve('specs/spec.yaml'), text, predictors: published })
  const { stages } = plan({
    ...{ model, assets: new Assets() },
    experiment: { ...experiment, stages: withDerived(experiment.stages, {}) }
  })
  return Object.fromEntries(stages.map(({ stage, key }) => [stage.name, key]))
}

/** A mapping with its keys in another order, at all depths but that of the stages, which is the order of their names. */
function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map(item => shuffled(item, random))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => ({
    at: random(),
    entry: [key, shuffled(inner, random)] as const
  }))
  return Object.fromEntries(entries.sort((a, b) => a.at - b.at).map(({ entry }) => entry))
}

/** Comments behind lines at which YAML may have one. */
function commented(text: string): string {
  return text
    .split('\n')
    .map((line, i) => (i % 3 === 0 ? `# a comment: { x: 1 }\n${line}` : line))
    .join('\n')
}

interface Changed {
  readonly path: string
  readonly text: string
}

/** The spec with each of its numbers, booleans and seeds changed in turn. */
function* changes(spec: unknown): Generator<Changed> {
  const root: unknown = structuredClone(spec)
  function* walk(value: unknown, path: readonly string[], set: (to: unknown) => void): Generator<Changed> {
    const to = other(value)
    if (to !== undefined) {
      set(to)
      yield { path: path.join('.'), text: stringify(root) }
      set(value)
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) yield* walk(item, [...path, String(i)], inner => (value[i] = inner))
    } else if (typeof value === 'object' && value !== null) {
      const mapping = value as Record<string, unknown>
      for (const [key, item] of Object.entries(mapping))
        yield* walk(item, [...path, key], inner => (mapping[key] = inner))
    }
  }
  yield* walk(root, [], () => undefined)
}

/** Another value of the same kind, where one is sure to mean something else. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value + 1 : value * 1.5
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string' && /^\d+-\d+$/.test(value)) return `${value},99999999`
  return undefined
}

describe.each(SPECS)('the keys of the stages of %s', name => {
  const text = readFileSync(resolve('specs', name), 'utf8')
  const expected = keys(text)

  it('do not depend on how the spec is written: order of keys, style, quotes, indentation, comments', () => {
    const styles = fc.record({
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
      indent: fc.integer({ min: 1, max: 8 }),
      collectionStyle: fc.constantFrom('any', 'block', 'flow'),
      defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE')
    } as const)
    fc.assert(
      fc.property(styles, ({ seed, ...style }) => {
        const written = stringify(shuffled(parse(text), hashed(seed)), {
          ...{ ...style, defaultKeyType: 'PLAIN', lineWidth: 0 }
        })
        expect(keys(commented(written))).toEqual(expected)
      }),
      { numRuns: 5 }
    )
  })

  it('do not depend on name, description and batches', () => {
    const changed = text.replace(/^name: .*/m, 'name: other\n').replace(/^description: .*/m, 'description: others\n')
    expect(keys(changed.replaceAll(/batch: \d+/g, 'batch: 3'))).toEqual(expected)
  })

  it('depend on every other number, on every switch and on all seeds', () => {
    let valid = 0
    for (const { path, text: changed } of changes(parse(text))) {
      const found = keysIfValid(changed)
      if (!found || MEANINGLESS.test(path)) continue
      valid++
      expect(found, path).not.toEqual(expected)
    }
    expect(valid).toBeGreaterThan(10)
  })
})

function keysIfValid(text: string) {
  try {
    return keys(text)
  } catch (error) {
    if (error instanceof EpdError) return undefined
    throw error
  }
}

/** Numbers of a seed, which sort keys into some order. */
function hashed(seed: number): () => number {
  let drawn = 0
  return () => hashUniform('key-laws', seed + drawn++, 1)[0]
}

describe('where stages are computed', () => {
  const text = readFileSync('specs/shapes16-nfe5.yaml', 'utf8')

  it.each([
    '{ executor: local, jobs: 3, devices: [0, 1] }',
    '{ executor: slurm, options: [--partition=gpu], evaluations: 7, deadline: 60 }',
    "{ executor: template, command: 'ssh node epd-run work {order} --shards {shards}', retries: 0 }"
  ])('is part of no key: %s', execution => {
    expect(keys(`${text}\nexecution: ${execution}\n`)).toEqual(keys(text))
  })
})
