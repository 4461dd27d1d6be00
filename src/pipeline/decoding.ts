import type { Model } from '../models/model.js'
import type { Experiment, Stage } from '../spec/experiment.js'

/** Name of the stage that holds the images of a sample stage of latents. */
export function decodedName(samples: string): string {
  return `${samples}.decoded`
}

/** An experiment with a stage behind each sample stage that makes images of its latents, so that they are decoded once. */
export function withDecoding(experiment: Experiment, { decoder }: Pick<Model, 'decoder'>): Experiment {
  if (!decoder) return experiment
  const { digest, scale, engine } = decoder
  const stages = experiment.stages.flatMap((stage): Stage[] => {
    if (stage.kind !== 'sample') return [stage]
    const { name, images } = stage
    return [
      stage,
      { kind: 'decode', name: decodedName(name), samples: name, images, decoder: { digest, scale, engine } }
    ]
  })
  return { ...experiment, stages }
}
