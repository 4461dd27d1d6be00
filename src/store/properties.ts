import { SIMPLEST_BASE } from '../solvers/methods.js'
import type { Properties, PropertyValue } from './conditions.js'
import type { ResultRow } from './records.js'

/** A solver in a few words: its name, K parallel points, what it is plugged into, and whether its steps were learned. */
export function solverLabel({ solver, points, base, learnedSteps }: ResultRow): string {
  const name = solver !== null && learnedSteps ? `${solver}+steps` : solver
  const words = [
    name,
    points === null ? null : `K=${points}`,
    base === null || base === SIMPLEST_BASE ? null : `on ${base}`
  ]
  return words.flatMap(word => word ?? []).join(' ')
}

/** What samples can be told apart by. An axis of the matrix goes before a property of its name. */
export function propertiesOf(row: ResultRow): ReadonlyMap<string, string> {
  const { samples, points, nfe, score } = row
  const [stage, axes = ''] = samples.split('@')
  const properties = new Map([
    ['samples', stage],
    ['solver', solverLabel(row)],
    ...(nfe === null ? [] : [['nfe', String(nfe)] as const]),
    ...(points === null ? [] : [['points', String(points)] as const]),
    ...(score === null ? [] : [['score', score.replace(/@.*/, '')] as const]),
    ...axes.split(',').filter(Boolean).map(axis)
  ])
  const evaluations = evaluationsOf(row)
  if (evaluations !== undefined && !properties.has('evaluations')) properties.set('evaluations', String(evaluations))
  return properties
}

function axis(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** All that results can be chosen and sorted by: what tells samples apart, what else is known of them, their scores. */
export function valuesOf(row: ResultRow): Properties {
  const { run, experiment, base, afs, schedule, images, seconds, metrics } = row
  const others: readonly (readonly [string, PropertyValue])[] = [
    ...([
      ['run', run],
      ['experiment', experiment],
      ['base', base],
      ['afs', afs],
      ['schedule', schedule],
      ['images', images],
      ['seconds', seconds]
    ] as const),
    ...Object.entries(metrics)
  ]
  return new Map<string, PropertyValue>([...others, ...propertiesOf(row)])
}

/** The evaluations of one image, each of a parallel NFE counted: a mean where samples stop by themselves. */
export function evaluationsOf({ evaluations, images }: Pick<ResultRow, 'evaluations' | 'images'>): number | undefined {
  return evaluations === null || images === null || images === 0
    ? undefined
    : Number((evaluations / images).toPrecision(6))
}
