import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { toUint8 } from '../../src/images/uint8.js'
import { openModel } from '../../src/models/open.js'
import { latents } from '../../src/random/latents.js'
import { schedule, type ScheduleType } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { fixture } from '../support/fixture.js'

interface Published {
  experiment: string
  config: {
    num_steps: number
    afs: boolean
    sampler_stu: 'epd' | 'ipndm'
    scale_dir: number
    scale_time: number
    schedule_type: ScheduleType
    schedule_rho: number
    max_order: number
  }
  raw: Record<'r' | 'scale_dir' | 'scale_time' | 'weight', number[][]>
}

interface Samples {
  checkpoint: string
  seeds: number[]
  class_labels: number[] | null
  samples: { experiment: string; final: number[]; uint8: number[] }[]
}

const predictors = fixture<Published[]>('epd-predictors.json')
/** How far images between -1 and 1 may be apart where a network answers in single precision. */
const TOLERANCE = 2e-5
const cacheDir = mkdtempSync(join(tmpdir(), 'epd-samples-'))

for (const file of ['edm-samples.json', 'edm-samples-cond.json']) {
  const { checkpoint, seeds, class_labels: labels, samples } = fixture<Samples>(file)
  it.each(samples)(
    `${checkpoint}: from seeds to images as the paper's code, $experiment`,
    async ({ experiment, final, uint8 }) => {
      const published = predictors.find(each => each.experiment === experiment)!
      const { config, raw } = published
      const model = await openModel({
        checkpoint: fileURLToPath(new URL(`../fixtures/edm/${checkpoint}`, import.meta.url)),
        cacheDir
      })
      try {
        const sigmas = schedule({
          type: config.schedule_type,
          rho: config.schedule_rho,
          numSteps: config.num_steps,
          precision: 'float32',
          model
        })
        const { x } = await solve({
          model,
          solver: {
            name: 'epd',
            afs: config.afs,
            base: config.sampler_stu === 'epd' ? 'euler' : 'ipndm',
            maxOrder: config.max_order,
            predictor: {
              r: raw.r,
              weight: raw.weight,
              scaleDir: raw.scale_dir,
              scaleTime: raw.scale_time,
              ranges: { scaleDir: config.scale_dir, scaleTime: config.scale_time }
            }
          },
          x: latents({ seeds, shape: model.shape }).map(value => value * sigmas[0]),
          sigmas,
          condition: labels ? { labels: Int32Array.from(labels) } : undefined
        })
        final.forEach((value, i) => {
          expect(Math.abs(x[i] - value)).toBeLessThan(TOLERANCE)
        })
        // Bytes agree but where the value is so near a step that the tolerance crosses it.
        const channelsFirst = (bytes: Uint8Array) => {
          const [channels, height, width] = model.shape
          const pixels = height * width
          return Array.from(bytes, (_, i) => {
            const image = Math.floor(i / (channels * pixels))
            const [channel, pixel] = [Math.floor(i / pixels) % channels, i % pixels]
            return bytes[(image * pixels + pixel) * channels + channel]
          })
        }
        const bytes = channelsFirst(toUint8(x, model.shape))
        uint8.forEach((byte, i) => {
          const exact = 127.5 * final[i] + 128
          const nearStep = Math.abs(exact - Math.round(exact)) < TOLERANCE * 127.5
          if (!nearStep) expect(bytes[i]).toBe(byte)
          else expect(Math.abs(bytes[i] - byte)).toBeLessThanOrEqual(1)
        })
      } finally {
        await model.close()
      }
    }
  )
}
