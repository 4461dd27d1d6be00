import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { publishedPredictors } from '../../src/predictors/published.js'
import { schedule } from '../../src/solvers/schedule.js'

interface Row {
  experiment: string
  nfe: number
  paper_fid: number
  config: { num_steps: number; sampler_stu: string; schedule_type: string; scale_dir: number; scale_time: number }
  raw: { r: number[][]; weight: number[][]; scale_dir: number[][]; scale_time: number[][] }
}
const rows = JSON.parse(readFileSync('test/fixtures/epd-predictors.json', 'utf8')) as Row[]

it.each(rows)('$experiment has the numbers of its snapshot', ({ experiment, nfe, paper_fid, config, raw }) => {
  const ranges = { scaleDir: config.scale_dir, scaleTime: config.scale_time }
  expect(publishedPredictors().get(experiment)).toMatchObject({
    fid: paper_fid,
    solver: {
      ...{ nfe, numSteps: config.num_steps, base: config.sampler_stu === 'ipndm' ? 'ipndm' : 'euler' },
      ...{ ...ranges, schedule: { type: config.schedule_type } }
    },
    learned: { r: raw.r, weight: raw.weight, scaleDir: raw.scale_dir, scaleTime: raw.scale_time, ranges }
  })
})

it("have the time points of the paper's code, where their model is EDM's", () => {
  const expected = JSON.parse(readFileSync('test/fixtures/paper-float32-sigmas.json', 'utf8')) as Record<
    string,
    number[]
  >
  for (const [name, { solver }] of publishedPredictors()) {
    if (!(name in expected)) continue
    const { numSteps, schedule: spec } = solver
    expect(spec).toMatchObject({ precision: 'float32' })
    if (name.includes('lsun_bedroom_ldm')) continue
    schedule({ ...spec, numSteps }).forEach((sigma, i) => {
      expect(Math.abs(sigma / expected[name][i] - 1)).toBeLessThan(2.5e-7)
    })
  }
})

it.each(['cifar10', 'ffhq', 'imagenet64', 'lsun_bedroom_ldm'])('specs/%s.yaml says what FID to expect', dataset => {
  const fids = (base: string) =>
    [3, 5, 7, 9].map(
      nfe =>
        [...publishedPredictors().values()].find(
          ({ solver, model }) => model.dataset === dataset && solver.base === base && solver.nfe === nfe
        )?.fid
    )
  expect(readFileSync(`specs/${dataset}.yaml`, 'utf8')).toContain(
    `#   EPD-Solver ${fids('euler').join(', ')}; EPD-Plugin ${fids('ipndm').join(', ')}\n`
  )
})
