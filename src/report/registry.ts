import type { Section } from './section.js'
import { byNfe } from './sections/by-nfe.js'
import { headline } from './sections/headline.js'
import { images } from './sections/images.js'
import { learned } from './sections/learned.js'
import { provenance } from './sections/provenance.js'
import { results } from './sections/results.js'
import { commands, spec } from './sections/spec.js'
import { stages } from './sections/stages.js'
import { timeline } from './sections/timeline.js'
import { training } from './sections/training.js'
import { trajectories } from './sections/trajectories.js'

/** The sections of a report in their order; a new one is one file of `sections` and its name here. */
export const SECTIONS: readonly Section[] = [
  headline,
  results,
  byNfe,
  images,
  training,
  learned,
  trajectories,
  stages,
  timeline,
  provenance,
  spec,
  commands
]
