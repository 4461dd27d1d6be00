import { availableParallelism } from 'node:os'
import type { KeySchemas, ValuesOf } from '../reading/keys.js'
import type { ExecutorDescriptor } from './executor.js'
import { processes } from './processes.js'
import { thisProgram, workArguments } from './program.js'

const KEYS = {
  devices: {
    title: 'a list of numbers of GPUs',
    description: 'GPUs by their numbers, one for each worker in turn; by default each worker sees all that there are.',
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'integer', minimum: 0 }
  }
} as const satisfies KeySchemas

/** Worker processes on this machine, as many at once as are asked for. */
export const local: ExecutorDescriptor<ValuesOf<typeof KEYS>> = {
  name: 'local',
  description: 'Worker processes on this machine; they end with the run that started them.',
  keys: KEYS,
  endsWithUs: true,
  interval: 300,
  open({ devices }, { orders, jobs = devices?.length ?? 1, workerArguments }) {
    const threads = Math.max(1, Math.floor(availableParallelism() / jobs))
    return processes({
      orders,
      jobs,
      commandOf(order, job, slot) {
        const device = devices?.[slot % devices.length]
        const own = ['--threads', String(threads), '--with-parent', ...workerArguments]
        return {
          words: [...thisProgram(), ...workArguments(order, job), ...own],
          ...(device !== undefined && { env: { CUDA_VISIBLE_DEVICES: String(device) } })
        }
      }
    })
  }
}
