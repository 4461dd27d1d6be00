import type { SolverDescriptor } from './descriptor.js'

/** Whether a value is a solver's descriptor. `faultsOf` says what is wrong with one that is not. */
export function isDescriptor(value: unknown): value is SolverDescriptor {
  return faultsOf(value).length === 0
}

/** What is wrong with a descriptor that comes from outside the project: "name: expected ...", one for each key. */
export function faultsOf(value: unknown): string[] {
  if (!isObject(value)) return ['expected an object']
  const rules = RULES.flatMap(([key, what, holds]) => (holds(value[key]) ? [] : [`${key}: expected ${what}`]))
  const runs = [value.start, value.method].some(each => typeof each === 'function')
  return runs ? rules : [...rules, 'start: expected a function, or a multistep method as `method`']
}

type Rule = readonly [key: string, what: string, holds: (value: unknown) => boolean]

const optional =
  (holds: Rule[2]): Rule[2] =>
  value =>
    value === undefined || holds(value)
const isFunction: Rule[2] = value => typeof value === 'function'
const hook = (key: string): Rule => [key, 'a function or nothing', optional(isFunction)]
const flag = (key: string): Rule => [key, 'true or nothing', optional(value => value === true)]

const RULES: readonly Rule[] = [
  [
    'name',
    'lower-case letters, digits and dashes after a letter',
    value => isText(value) && /^[a-z][a-z0-9-]*$/.test(value)
  ],
  ['title', 'a sentence', isText],
  ['options', 'a JSON Schema with a description for each option', hasOptions],
  ['order', 'a number above 0', value => typeof value === 'number' && value > 0],
  ['evaluationsAStep', 'a whole number of 1 or more', value => Number.isInteger(value) && Number(value) >= 1],
  ['reachesZero', 'true or false', value => typeof value === 'boolean'],
  ['learns', '"time-points" or "nothing"', value => value === 'time-points' || value === 'nothing'],
  ['teaches', '{ without: [options] } or nothing', optional(isTeaching)],
  ['stopsItself', '{ nfe, numSteps }, a sentence each, or nothing', optional(isBound)],
  ['nfeNote', 'text or nothing', optional(isText)],
  flag('oneByOne'),
  flag('ownTimePoints'),
  flag('needsFeatures'),
  ...['correctsLast', 'nfe', 'layers', 'evaluations', 'nonlinear', 'checkTimePoints', 'start', 'method'].map(hook)
]

function hasOptions(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(schema => isObject(schema) && isText(schema.description))
}

function isTeaching(value: unknown): boolean {
  return isObject(value) && Array.isArray(value.without) && value.without.every(isText)
}

function isBound(value: unknown): boolean {
  return isObject(value) && isText(value.nfe) && isText(value.numSteps)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
