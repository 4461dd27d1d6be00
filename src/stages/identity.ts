import type { FeatureSpec, Stage } from '../spec/experiment.js'

/** What a stage's result depends on, beside the model and its inputs' own results. */
export interface Identity {
  /** Of the stage's code: raised whenever the same parameters lead to another result. */
  readonly version: number
  /** Resolved parameters, without what changes no bit of the result (names, batch, how images are written). */
  readonly params: Readonly<Record<string, unknown>>
  /** Names of the stages that it reads, in a fixed order. */
  readonly inputs: readonly string[]
  readonly evaluatesModel: boolean
  /** Files that it reads, by their paths or addresses. */
  readonly assets?: readonly string[]
}

const VERSIONS = { teacher: 1, distill: 3, sample: 2, decode: 1, features: 1, score: 1 } as const

export function identity(stage: Stage): Identity {
  const version = VERSIONS[stage.kind]
  switch (stage.kind) {
    case 'teacher': {
      const { solver, refine, substeps, grid, seeds, generator } = stage
      return { version, params: { solver, refine, substeps, grid, seeds, generator }, inputs: [], evaluatesModel: true }
    }
    case 'distill': {
      const { student, learnSigmas, optimizer, objective, features, start, seed, teacher, validation } = stage
      const params = {
        ...{ student, learnSigmas, optimizer, objective, start, seed },
        features: features && network(features)
      }
      const assets = features ? [features.weights] : []
      return { version, params, inputs: [teacher, validation], evaluatesModel: true, assets }
    }
    case 'sample': {
      const { solver, seeds, generator, from, predictor, mismatched } = stage
      return {
        version,
        params: { solver, seeds, generator, mismatched, learned: predictor?.learned },
        inputs: from === undefined ? [] : [from],
        evaluatesModel: true
      }
    }
    case 'decode':
      return { version, params: { decoder: stage.decoder }, inputs: [stage.samples], evaluatesModel: false }
    case 'features': {
      const { samples, weights } = stage
      return { version, params: network(stage), inputs: [samples], evaluatesModel: false, assets: [weights] }
    }
    case 'score': {
      const { samples, reference, dataset, metrics, features, statistics, clip, groups } = stage
      const params = { samples: samples.length, reference: reference !== undefined, dataset, metrics, groups }
      const inputs = [...samples, reference, ...(features?.samples ?? []), features?.reference].flatMap(
        name => name ?? []
      )
      const assets = [features?.weights, statistics, clip].flatMap(location => location ?? [])
      return { version, params, inputs, evaluatesModel: false, assets }
    }
  }
}

function network({ preparation }: FeatureSpec): Readonly<Record<string, string>> {
  return { network: 'inception-v3', preparation, engine: 'onnx:cpu:float32' }
}
