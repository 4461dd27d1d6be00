import { definitionName } from '../../src/metrics/feature-keys.js'
import { FEATURE_NETWORKS } from '../../src/metrics/feature-networks.js'
import { at } from '../../src/reading/plain.js'
import type { StageKind } from '../../src/stages/kind.js'
import { STAGE_KINDS } from '../../src/stages/registry.js'
import { definitionOf, listed, paragraph } from './markdown.js'

/** Kinds that no spec names, since the program makes their stages itself. */
const MADE: Readonly<Record<string, string | undefined>> = {
  decode: paragraph(
    'It decodes the latents of a sample stage to images.',
    'It is made for each sample stage of a latent model, as `STAGE.decoded`.'
  ),
  features: paragraph(
    'It keeps what a network, such as Inception-v3, answers to each image of a sample stage.',
    'It is made for each sample stage of a score stage with `features`, as `SCORE.STAGE`,',
    'so that several scores share it.'
  )
}

/** The reference of all kinds of stages, from the registry and the schema of specs. */
export function stagesPage(root: unknown): string {
  const written = STAGE_KINDS.all.filter(({ spec }) => spec)
  return [
    '# Stages',
    paragraph(
      `A spec has stages by their names, each of a \`kind\`: ${listed(written.map(({ kind }) => kind))}.`,
      'A stage that names another comes after it, in whatever order they are written.'
    ),
    paragraph(
      "The version of a kind is part of its stages' keys.",
      'It is raised when the same keys of a spec lead to another result, and the stages are then computed anew.'
    ),
    ...STAGE_KINDS.all.flatMap(kind => sectionOf(root, kind)),
    ...partsOf(root)
  ].join('\n\n')
}

function sectionOf(root: unknown, { kind, version, spec }: StageKind): string[] {
  const title = [`## ${kind}`, `Version ${version}.`]
  if (spec) return [...title, ...definitionOf(root, kind)]
  const made = MADE[kind]
  if (made === undefined)
    throw new RangeError(`tools/reference/stages.ts does not say when stages of kind ${kind} are made`)
  return [...title, `${made} No spec writes it.`]
}

/** What stages have under a key that is a mapping of its own. */
function partsOf(root: unknown): string[] {
  const optimisers = ['levenbergMarquardt', 'adam'] as const
  return [
    '## optimizer',
    'A distill stage finds its parameters with one of two optimisers.',
    ...optimisers.flatMap(name => definitionOf(root, name)),
    '## features of a stage',
    String(at(root, ['$defs', 'features', 'description'])),
    ...FEATURE_NETWORKS.flatMap(({ name }) => [`### ${name}`, ...definitionOf(root, definitionName(name))])
  ]
}
