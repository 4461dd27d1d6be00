import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { nameFor, startingSpec } from '../../src/pipeline/starting-spec.js'
import { temporaryFolder } from '../support/cli.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const specFor = (...model: string[]) => startingSpec(model, join(temporaryFolder(), 'spec.yaml'))

describe('a spec to start from', () => {
  it.each([
    ['a checkpoint', 'edm/ddpmpp-uncond.pkl', 'sigmaMin: 0.002, sigmaMax: 80'],
    ['a folder of diffusers', 'diffusers-sampling/ddpm', 'checkpoint: ".*diffusers-sampling/ddpm"']
  ])('has the range of %s', async (_, model, text) => {
    const { text: spec, unsure } = await specFor(fixture(model))
    expect(spec).toMatch(new RegExp(text))
    expect(unsure).toEqual([])
  })

  it.each<[string, string, RegExp, string?]>([
    ['an address', 'hf:owner/name', /here; give the path of one$/, 'download'],
    ['a command in one word', 'python3 model.py', /each of its arguments as a word of its own$/],
    ['what is not there', 'nowhere.pkl', /^nowhere.pkl: there is no such file or folder$/]
  ])('is refused for %s, with what to give', async (_, model, message, wayOut) => {
    const refused = specFor(model)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ code: 'checkpoint-missing', wayOut })
  })

  it('is named as its model', () => {
    expect([nameFor([]), nameFor(['hf:a/b']), nameFor([fixture('diffusers-sampling/ddpm')])]).toEqual([
      ...['shapes16', 'b', 'ddpm']
    ])
  })
})
