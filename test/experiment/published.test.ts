import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadExperiment } from '../../src/experiment/load.js'

interface Published {
  readonly nfe: number
  readonly config: Readonly<Record<string, unknown>> & { readonly dataset_name: string }
}

const file = new URL('../fixtures/epd-predictors.json', import.meta.url)
const published = JSON.parse(readFileSync(file, 'utf8')) as Published[]
const students = ['euler', 'ipndm']

describe.each(['cifar10', 'ffhq', 'imagenet64'])("the spec of %s's students", dataset => {
  const { stages } = loadExperiment({ file: `specs/${dataset}.yaml` })
  const find = (name: string) => stages.find(stage => stage.name === name)
  const cases = published.filter(({ config }) => config.dataset_name === dataset)

  it('are those of the published predictors, each by both optimisers', () => {
    expect(cases).toHaveLength(8)
    const distilled = stages.filter(({ kind }) => kind === 'distill').map(({ name }) => name)
    const wanted = cases.flatMap(({ nfe, config }) =>
      ['levenberg-marquardt', 'adam'].map(
        optimizer =>
          `student@nfe=${nfe},base=${students[config.sampler_stu === 'ipndm' ? 1 : 0]},optimizer=${optimizer}`
      )
    )
    expect(distilled.sort()).toEqual(wanted.sort())
  })

  it.each(cases)('have the settings that were recorded: $config.sampler_stu at $nfe NFE', ({ nfe, config }) => {
    const base = config.sampler_stu === 'ipndm' ? 'ipndm' : 'euler'
    const name = `@nfe=${nfe},base=${base},optimizer=adam`
    expect(find(`student${name}`)).toMatchObject({
      student: {
        ...{ base, nfe, numSteps: config.num_steps, points: config.num_points, afs: config.afs },
        ...{ scaleDir: config.scale_dir, scaleTime: config.scale_time, maxOrder: config.max_order },
        schedule: { type: config.schedule_type, rho: config.schedule_rho }
      },
      optimizer: { lr: 0.2, trajectories: 10_000 },
      features: { preparation: 'tensorflow' }
    })
    const solver = config.sampler_tea === 'dpm' ? 'dpm2' : config.sampler_tea
    expect(find(`teacher${name}`)).toMatchObject({
      solver: { name: solver },
      refine: config.M,
      seeds: { length: 10_000 }
    })
  })
})
