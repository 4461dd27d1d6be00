import { EpdError } from '../errors.js'
import type { Shape } from '../models/denoiser.js'
import { amedPredictor } from '../solvers/amed-predictor.js'
import { isAmed, isEpd, type Learned } from '../solvers/learned.js'
import { parallelNfe } from '../solvers/nfe.js'
import { falls, predictor } from '../solvers/predictor.js'
import type { StudentSpec } from '../solvers/spec.js'

/** What was learned, with the solver and the model that it was learned for: what import reads and export writes. */
export interface PredictorRecord {
  readonly name: string
  readonly solver: StudentSpec
  readonly learned: Learned
  readonly model: ModelMark
  /** FID that was published for it. */
  readonly fid?: number
}

/** What is known of a model, to tell it from another. */
export interface ModelMark {
  readonly dataset?: string
  readonly shape?: Shape
  readonly labelDim?: number
  /** SHA-256 over graph, weights and preconditioning. */
  readonly digest?: string
}

/**
 * A record from plain data, as export writes it.
 * @throws EpdError `predictor-invalid` that says what is wrong with it
 */
export function parseRecord(value: unknown, source: string): PredictorRecord {
  const invalid = (what: string, cause?: unknown) => new EpdError('predictor-invalid', `${source}: ${what}`, { cause })
  if (!isMapping(value) || !isMapping(value.solver) || !isMapping(value.learned))
    throw invalid('is no predictor; expected what epd-run export writes, with name, solver and learned')
  const { name, learned, model = {}, fid } = value
  if (typeof name !== 'string' || !NAME.test(name)) throw invalid(`its name must be ${NAME_RULE}`)
  const solver = solverOf(value.solver, what => invalid(`its solver's ${what}`))
  try {
    const checked = checkLearned(learned, solver)
    return { name, solver, learned: checked, model: modelOf(model), ...(typeof fid === 'number' && { fid }) }
  } catch (error) {
    if (error instanceof RangeError) throw invalid(error.message, error)
    throw error
  }
}

/** What a predictor may be called. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._+()@=,-]*$/
export const NAME_RULE = 'letters, digits and . _ + - ( ) @ = , after a letter or a digit'

/** @throws RangeError unless it is what the solver takes, on as many time points */
export function checkLearned(learned: unknown, solver: StudentSpec): Learned {
  const { name, numSteps } = solver
  if (!isLearned(learned))
    throw new RangeError(`there is nothing for ${name} in it: expected ${EXPECTED[kindOf(name)]}`)
  if (isAmed(learned) !== (name === 'amed') || isEpd(learned) !== (name === 'epd'))
    throw new RangeError(`what is in it is not for ${name}: expected ${EXPECTED[kindOf(name)]}`)
  if (isAmed(learned)) return amedPredictor(learned)
  if (!isEpd(learned)) {
    if (learned.sigmas.length !== numSteps || !falls(learned.sigmas))
      throw new RangeError(`sigmas must be ${numSteps} falling noise levels`)
    return learned
  }
  const found = predictor(learned)
  const points = 'points' in solver ? solver.points : 0
  if (found.r.length !== numSteps - 1 || found.r.some(row => row.length !== points))
    throw new RangeError(`r must have ${numSteps - 1} rows (steps) of ${points} numbers (points)`)
  return found
}

const EXPECTED = {
  epd: 'tables r, weight, scaleDir and scaleTime, [steps][points], and ranges',
  amed: 'layers time, encoder, code, r, scaleDir and scaleTime, and ranges',
  plain: 'sigmas'
}

function kindOf(name: StudentSpec['name']): keyof typeof EXPECTED {
  return name === 'epd' || name === 'amed' ? name : 'plain'
}

/** Whether plain data has the form of what a distillation finds; its sizes are not looked at. */
export function isLearned(value: unknown): value is Learned {
  if (!isMapping(value)) return false
  const { layers, ranges, sigmas, r, weight, scaleDir, scaleTime } = value
  if (sigmas !== undefined && !isNumbers(sigmas)) return false
  if (layers === undefined && r === undefined) return sigmas !== undefined
  if (!isMapping(ranges) || typeof ranges.scaleDir !== 'number' || typeof ranges.scaleTime !== 'number') return false
  if (isMapping(layers))
    return ['time', 'encoder', 'code', 'r', 'scaleDir', 'scaleTime'].every(name => isLayer(layers[name]))
  return [r, weight, scaleDir, scaleTime].every(isTable)
}

function isLayer(value: unknown): boolean {
  return isMapping(value) && isTable(value.weight) && isNumbers(value.bias)
}

function isTable(value: unknown): boolean {
  return Array.isArray(value) && value.every(isNumbers)
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every(each => typeof each === 'number')
}

function modelOf(value: unknown): ModelMark {
  if (!isMapping(value)) return {}
  const { dataset, shape, labelDim, digest } = value
  return {
    ...(typeof dataset === 'string' && { dataset }),
    ...(isShape(shape) && { shape }),
    ...(typeof labelDim === 'number' && { labelDim }),
    ...(typeof digest === 'string' && { digest })
  }
}

function isShape(value: unknown): value is Shape {
  return Array.isArray(value) && value.length === 3 && value.every(size => Number.isInteger(size) && size > 0)
}

type Given = Readonly<Record<string, unknown>>

/** A solver as a record holds it, each value looked at. */
function solverOf(given: Given, wrong: (what: string) => EpdError): StudentSpec {
  const pick = <T>(key: string, is: (value: unknown) => value is T, what: string): T => {
    const value = given[key]
    if (!is(value)) throw wrong(`${key} must be ${what}, found ${JSON.stringify(value)}`)
    return value
  }
  const flag = (key: string) => pick(key, (value): value is boolean => typeof value === 'boolean', 'true or false')
  const oneOf = <const T extends string>(key: string, names: readonly T[]) =>
    pick(key, (value): value is T => names.some(name => name === value), names.join(' or '))
  const between = (key: string, least: number, most: number, whole = false) =>
    pick(
      key,
      (value): value is number =>
        typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value)),
      `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`
    )
  const numSteps = between('numSteps', 2, 10_001, true)
  const schedule = scheduleOf(given.schedule, wrong)
  const order = (most: number) => between('maxOrder', 1, most, true)
  const scales = () => ({ scaleDir: between('scaleDir', 0, 1), scaleTime: between('scaleTime', 0, 1) })
  const predicted = () => ({
    ...{ maxOrder: order(3), predicts: oneOf('predicts', ['data', 'noise']) },
    ...{ thresholding: flag('thresholding'), lowerOrderFinal: flag('lowerOrderFinal') }
  })
  const onGrid = <Solver extends { name: StudentSpec['name']; afs: boolean }>(solver: Solver) => ({
    ...solver,
    schedule,
    numSteps,
    nfe: parallelNfe(solver, numSteps)
  })
  const name = oneOf('name', ['euler', 'heun', 'dpm2', 'ipndm', 'dpmpp', 'unipc', 'deis', 'epd', 'amed'])
  const afs = flag('afs')
  const bases = ['euler', 'ipndm', 'dpmpp', 'unipc', 'deis'] as const
  switch (name) {
    case 'euler':
    case 'heun':
      return onGrid({ name, afs })
    case 'dpm2':
      return onGrid({ name, afs, r: between('r', Number.MIN_VALUE, 1) })
    case 'ipndm':
      return onGrid({ name, afs, maxOrder: order(4), variableStep: flag('variableStep') })
    case 'deis':
      return onGrid({ name, afs, maxOrder: order(4), mode: oneOf('mode', ['tab', 'rhoab']) })
    case 'dpmpp':
      return onGrid({ name, afs, ...predicted() })
    case 'unipc':
      return onGrid({ name, afs, ...predicted(), variant: oneOf('variant', ['bh1', 'bh2']) })
    case 'epd': {
      const base = oneOf('base', bases)
      const most = base === 'dpmpp' || base === 'unipc' ? 3 : 4
      return onGrid({ name, afs, points: between('points', 1, 64, true), ...scales(), base, maxOrder: order(most) })
    }
    case 'amed': {
      const base = given.base === undefined ? undefined : oneOf('base', bases)
      return onGrid({ name, afs, ...scales(), ...(base && { base }), maxOrder: order(4) })
    }
  }
}

function scheduleOf(value: unknown, wrong: (what: string) => EpdError): StudentSpec['schedule'] {
  const { type, rho, sigmaMin, sigmaMax } = isMapping(value) ? value : {}
  const types = ['polynomial', 'logsnr', 'time_uniform', 'discrete'] as const
  const found = types.find(each => each === type)
  if (!found || typeof rho !== 'number' || typeof sigmaMin !== 'number' || typeof sigmaMax !== 'number')
    throw wrong(`schedule must have a type (${types.join(', ')}), rho, sigmaMin and sigmaMax`)
  if (!(rho > 0 && sigmaMin > 0 && sigmaMax > sigmaMin))
    throw wrong('schedule must run over 0 < sigmaMin < sigmaMax, rho above 0')
  return { type: found, rho, sigmaMin, sigmaMax }
}

function isMapping(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
