import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/checkpoints/json.js'
import { isRecord } from '../../src/checkpoints/tensor.js'
import { preconditioning } from '../../src/models/preconditioning.js'
import { readScheduler } from '../../src/models/schedulers.js'

interface Case {
  readonly name: string
  readonly version: string
  readonly config: string
  readonly answer: readonly number[]
  readonly points: readonly {
    readonly sigma: number
    readonly x: readonly number[]
    readonly told: number
    readonly seen: readonly number[]
    readonly denoised: readonly number[]
  }[]
}

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/interop-schedulers/schedulers.json', import.meta.url), 'utf8')
) as readonly Case[]

function read(config: unknown, listed?: string) {
  if (!isRecord(config)) throw new Error('no mapping')
  return readScheduler({ config, file: 'scheduler_config.json', listed })
}

describe('what the real schedulers of diffusers do', () => {
  it.each(cases.map(each => [`${each.name} (${each.version})`, each] as const))(
    '%s',
    (_, { config, answer, points }) => {
      const { className, initKwargs } = read(parseJson(config))
      const { at } = preconditioning(className, initKwargs)
      for (const { sigma, x, told, seen, denoised } of points) {
        const { skip, out, in: scale, noise } = at(sigma)
        const size = Math.max(1, sigma, ...denoised.map(Math.abs))
        const errors = x.flatMap((value, i) => [
          Math.abs(scale * value - seen[i]),
          Math.abs(skip * value + out * answer[i] - denoised[i]) / size
        ])
        expect({ sigma, told, noise, error: Math.max(...errors), close: Math.abs(noise - told) < 5e-3 }).toMatchObject({
          error: expect.closeTo(0, 5),
          close: true
        })
      }
    }
  )
})
