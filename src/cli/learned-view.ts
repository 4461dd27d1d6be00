import { isLearned } from '../predictors/learned.js'
import { child } from '../reading/plain.js'
import { isEpd, isTable } from '../solvers/learned.js'
import { logInterpolate } from '../solvers/march.js'
import { points } from '../solvers/predictor.js'
import type { IterationRow, PredictorRow, RunStage, Store } from '../store/store.js'
import { inColumns, paragraph, thisPage } from './columns.js'
import { curve, sigmaAxis, sparkline, type Canvas } from './plot.js'

/** A plot is no wider than this. */
const WIDEST = 72

/** Letters of a line of bars. */
const BARS = 16

/** How distill stages went, and what they have learned, drawn in letters. */
export function learnedLines(store: Store, stages: readonly RunStage[]): string[] {
  const { width, unicode } = thisPage()
  const canvas = { width: Math.min(width, WIDEST), unicode }
  return stages.flatMap(stage => {
    const iterations = store.iterations(stage.key)
    const row = store.predictor(stage.key)
    const loss = iterations.length > 0 ? lossLines(stage, iterations, canvas) : []
    return [...loss, ...(row ? pointLines(stage.name, row, canvas) : [])]
  })
}

/** Iterations one after the other that look at the same: one step alone, or all steps. */
interface Phase {
  readonly name: string
  readonly iterations: readonly IterationRow[]
  /** Whether its losses are those of one step alone, which do not compare with others. */
  readonly isLocal: boolean
}

/** Phases in their order. `steps`: how many steps the student takes, if it is known. */
export function phasesOf(iterations: readonly IterationRow[], steps: number | undefined): Phase[] {
  const found: { first: IterationRow; iterations: IterationRow[] }[] = []
  for (const row of iterations) {
    const last = found.at(-1)
    if (last?.first.phase === row.phase && last.first.step === row.step) last.iterations.push(row)
    else found.push({ first: row, iterations: [row] })
  }
  return found.map(({ first: { phase, step }, iterations: own }) => {
    const isLocal = phase === 'step' && step !== undefined
    const name = isLocal ? `step ${step + 1}${steps === undefined ? '' : ` of ${steps}`}, alone` : `${phase}, all steps`
    return { name, iterations: own, isLocal }
  })
}

function lossLines({ name, stage }: RunStage, iterations: readonly IterationRow[], canvas: Canvas): string[] {
  const numSteps = child(child(stage?.params, 'student'), 'numSteps')
  const phases = phasesOf(iterations, typeof numSteps === 'number' ? numSteps - 1 : undefined)
  const rows = phases.map(phase => {
    const losses = phase.iterations.map(({ loss }) => Math.sqrt(loss))
    const validation = phase.iterations.findLast(row => row.validationLoss !== undefined)?.validationLoss
    return [
      phase.name,
      losses.length,
      losses[0],
      losses[losses.length - 1],
      validation === undefined ? null : Math.sqrt(validation),
      losses.length > 1 ? sparkline(losses, { ...canvas, width: BARS }) : null
    ]
  })
  const last = phases.findLast(({ isLocal, iterations: own }) => !isLocal && own.length > 2)
  const drawn = last
    ? curve(
        last.iterations.map(({ loss }) => Math.sqrt(loss)),
        canvas
      )
    : []
  const title = phases.some(({ isLocal }) => isLocal)
    ? `${name}: rms loss, of each step alone and then of all (the two do not compare)`
    : `${name}: rms loss`
  return [
    ...['', paragraph(title)],
    inColumns(['phase', 'iterations', 'first', 'last', 'validation', 'course'], rows),
    ...(last ? ['', paragraph(`${name}: rms loss, ${last.name}`), ...drawn] : [])
  ]
}

/** Where steps begin and end, and where EPD's points lie in them, with what is learned of each. */
function pointLines(name: string, { predictor, sigmas }: PredictorRow, canvas: Canvas): string[] {
  const learned = isLearned(predictor) && isEpd(predictor) ? predictor : undefined
  const steps = learned?.r.length === sigmas.length - 1 ? learned.r.map((_, step) => points(learned, step)) : []
  const rows = steps.flatMap((all, step) =>
    all.map(({ r, weight, scaleDir, scaleTime }) => {
      const sigma = logInterpolate(sigmas[step], sigmas[step + 1], r)
      return [step + 1, sigmas[step], sigmas[step + 1], sigma, weight, scaleDir, scaleTime]
    })
  )
  const table = isLearned(predictor) && isTable(predictor) ? predictor : undefined
  const asked = table ? table.layers.flatMap(layer => layer.map(({ sigma }) => sigma)) : rows.map(row => row[3])
  const axis = sigmaAxis({ steps: sigmas, points: asked }, canvas)
  if (axis.length === 0) return []
  const titles = ['step', 'from sigma', 'to sigma', 'point at', 'weight', 'scaleDir', 'scaleTime']
  return [
    ...[
      '',
      paragraph(`${name}: time points on sigma${rows.length > 0 ? ', with its parallel points above them' : ''}`)
    ],
    ...axis,
    ...(rows.length > 0 ? ['', inColumns(titles, rows)] : [])
  ]
}
