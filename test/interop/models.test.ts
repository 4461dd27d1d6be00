import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Denoiser } from '../../src/models/denoiser.js'
import type { Model } from '../../src/models/model.js'
import { openModel } from '../../src/models/open.js'
import { tokenizerOf } from '../../src/models/parts.js'
import { openTokenizer } from '../../src/models/tokenizer.js'
import { caseNames, openCase, ruled, type Case } from './cases.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-interop-cache-'))
/** The largest difference, relative to the noise level where that is above 1. */
const BOUND = 1e-4

const opened = ({ checkpoint }: Case, options: object = {}) =>
  openModel({ checkpoint, cacheDir, engine: 'onnx', provider: 'cpu', threads: 1, ...options })

describe.each(caseNames().filter(name => !/^(sampling|tokens|exports)-/.test(name)))('%s', name => {
  const made = openCase(name)
  const { about } = made
  const { expect: outcome, alone, options } = about
  if (outcome !== 'match') {
    it(`is refused, naming ${outcome.join(', ')}`, async () => {
      const message = await refusal(opened(made))
      for (const word of outcome) expect(message).toContain(word)
      expect(message.length).toBeLessThan(1000)
    })
    return
  }
  if (alone)
    it(`needs options, and says so by ${alone.join(', ')}`, async () => {
      const message = await refusal(opened(made))
      for (const word of alone) expect(message).toContain(word)
    })
  it('gives the numbers of the code that wrote it', async () => {
    const model = await opened(made, options)
    try {
      await expectDenoised(model, made)
      await expectDecoded(model, made)
      await expectTokens(made)
    } finally {
      await model.close()
    }
  })
})

async function refusal(opening: Promise<Denoiser>): Promise<string> {
  const model = await opening.catch((error: unknown) => error)
  if (model instanceof Error) {
    expect(model).toHaveProperty('code')
    return model.message
  }
  throw new Error('it was opened')
}

async function expectDenoised(model: Denoiser, { about, expected }: Case): Promise<void> {
  const { shape, sigmas, scales, labels, prompt } = about
  expect(model.shape).toEqual(shape)
  const size = shape[0] * shape[1] * shape[2]
  const u = ruled(size)
  const denoised = wanted(expected, 'denoised')
  for (const [i, sigma] of sigmas.entries()) {
    const x = u.map(value => value * scales[i])
    const answer = await model.denoise(x, Float64Array.of(sigma), {
      ...(labels && { labels: Int32Array.from(labels) }),
      ...(prompt !== undefined && { prompts: [prompt] })
    })
    const theirs = denoised.subarray(i * size, (i + 1) * size)
    expect(difference(answer, theirs) / Math.max(1, sigma), `at sigma ${sigma}`).toBeLessThan(BOUND)
  }
}

async function expectDecoded({ decoder, shape }: Model, { expected }: Case): Promise<void> {
  if (!expected.has('decoded')) return
  const latents = ruled(shape[0] * shape[1] * shape[2]).map(value => value / 2)
  const images = await decoder?.decode(latents, 1)
  expect(difference(images ?? [], wanted(expected, 'decoded'))).toBeLessThan(BOUND)
}

async function expectTokens({ about: { ids, prompt }, checkpoint }: Case): Promise<void> {
  if (!ids || prompt === undefined) return
  const tokenizer = await openTokenizer(await tokenizerOf(checkpoint), ids.length)
  expect(tokenizer.encode(prompt).ids).toEqual(ids)
}

function wanted(expected: Case['expected'], name: string): Float64Array {
  const array = expected.get(name)
  if (!array) throw new Error(`the case has no ${name}`)
  return array
}

function difference(ours: ArrayLike<number>, theirs: Float64Array): number {
  expect(ours.length).toBe(theirs.length)
  return theirs.reduce((largest, value, i) => Math.max(largest, Math.abs(value - ours[i])), 0)
}
