import { EpdError } from '../errors.js'
import { shown } from '../networks/arguments.js'
import { readerOf, type Values } from './scheduler-arguments.js'
import { REFUSED, SCHEDULERS } from './scheduler-classes.js'
import { PRIVATE_KEYS, SAMPLING_KEYS, UNREAD_KEYS } from './scheduler-keys.js'
import type { Scheduled, SchedulerClass, SchedulerSampling } from './scheduler.js'

/** A configuration as scheduler_config.json holds it. */
export interface SchedulerSource {
  readonly config: Values
  readonly file: string
  /** The class that model_index.json names for it. */
  readonly listed?: string
}

/**
 * The network that a scheduler's configuration describes. Keys that are left out have the defaults of its class.
 * @throws EpdError `model-invalid` for a class, a key or a value that is not known
 */
export function readScheduler({ config, file, listed }: SchedulerSource): Scheduled {
  const own = config._class_name
  if (own !== undefined && typeof own !== 'string')
    throw new EpdError('model-invalid', `${file}: _class_name must be a text, found ${shown(own)}`)
  const names = [...new Set([listed, own].flatMap(name => name ?? []))]
  if (names.length === 0)
    throw new EpdError(
      'model-invalid',
      `${file}: names no _class_name, and without its class nobody knows what the keys that it leaves out are`
    )
  const [first, ...others] = names.map(name => ofClass(name, config, file))
  if (others.some(other => JSON.stringify(other) !== JSON.stringify(first)))
    throw new EpdError(
      'model-invalid',
      `${file}: its _class_name is ${shown(own)}, but model_index.json names ${shown(listed)}, ` +
        'and the two mean different networks'
    )
  return first
}

function ofClass(name: string, config: Values, file: string): Scheduled {
  const found = SCHEDULERS.get(name.replace(/^Flax/, ''))
  if (!found) {
    const reason = REFUSED.get(name.replace(/^Flax/, ''))
    throw new EpdError(
      'model-invalid',
      `${file}: its scheduler is a ${name}, which is not supported` +
        (reason === undefined ? `; known are ${[...SCHEDULERS.keys()].join(', ')}` : `: ${reason}`)
    )
  }
  for (const [key, value] of Object.entries(config)) checkKey(found, name, key, value, file)
  checkOldPrediction(config, file)
  return { ...found.read(readerOf(found.defaults, config, file)), sampling: boundsOf(found, config, file) }
}

/** Checks that a key is read or is known not to matter. @throws EpdError `model-invalid` for any other */
function checkKey({ defaults }: SchedulerClass, className: string, key: string, value: unknown, file: string): void {
  if (key in defaults || SAMPLING_KEYS.has(key) || PRIVATE_KEYS.has(key) || key === 'predict_epsilon') return
  const neutral = UNREAD_KEYS.get(key)
  if (!neutral)
    throw new EpdError(
      'model-invalid',
      `${file}: ${key} is ${shown(value)}, and no scheduler that is known has such a key; ` +
        'remove it if samples do not depend on it'
    )
  if (neutral !== 'any' && value !== null && !neutral.includes(value))
    throw new EpdError('model-invalid', `${file}: ${key} is ${shown(value)}, which a ${className} does not read`)
}

/**
 * Refuses `predict_epsilon: false`, which meant `prediction_type: sample` before diffusers 0.9; later versions do not
 * read it.
 */
function checkOldPrediction({ predict_epsilon: old, prediction_type: type }: Values, file: string): void {
  if (old === undefined || old === null || old === true || type === 'sample') return
  throw new EpdError(
    'model-invalid',
    `${file}: predict_epsilon is ${shown(old)}, which only old versions of diffusers read; ` +
      'write prediction_type: sample for a network that answers the clean image'
  )
}

function boundsOf({ bounds }: SchedulerClass, config: Values, file: string): SchedulerSampling | undefined {
  if (!bounds) return undefined
  const read = readerOf(bounds, config, file)
  if (read.flag('thresholding', false)) {
    const [ratio, max] = [read.number('dynamic_thresholding_ratio', 0.995), read.number('sample_max_value', 1)]
    return { threshold: { ratio, max } }
  }
  return read.flag('clip_sample', false) ? { clip: read.number('clip_sample_range', 1) } : undefined
}
