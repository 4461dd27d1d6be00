import type { ExecutorDescriptor } from './executor.js'
import { local } from './local.js'
import { slurm } from './slurm.js'
import { template } from './template.js'

/** What can run workers, by the name that `execution` gives it. */
export const EXECUTORS: readonly ExecutorDescriptor[] = [local, slurm, template]

/** @throws RangeError where there is none of this name, which the schema of specs refuses before */
export function executorNamed(name: string): ExecutorDescriptor {
  const found = EXECUTORS.find(each => each.name === name)
  if (!found) throw new RangeError(`there is no executor ${name}`)
  return found
}
