import { definitionOf, paragraph } from './markdown.js'

/** What a spec may say of its model, from its schema. */
export function modelsPage(root: unknown): string {
  const sections = Object.entries(DEFINITIONS).flatMap(([title, name]) => [`## ${title}`, ...definitionOf(root, name)])
  return [
    '# Models',
    paragraph(
      'A spec names its model under `model`: a checkpoint, an ONNX file, or a program.',
      '[Models](../models.md) says which files are read, and',
      '[A model that is a program](../command.md) how a program answers.'
    ),
    ...sections
  ].join('\n\n')
}

const DEFINITIONS = {
  'A checkpoint': 'checkpointModel',
  'An ONNX file': 'onnxModel',
  'A program': 'commandModel',
  'Noise of type sigma': 'noiseSigma',
  'Noise of type steps': 'noiseSteps',
  'Noise of type flow': 'noiseFlow'
} as const
