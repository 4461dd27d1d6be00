import type { KeySchemas, ValuesOf } from '../reading/keys.js'
import type { ExecutorDescriptor, Job } from './executor.js'
import { processes } from './processes.js'
import { positions, quoted } from './program.js'

const KEYS = {
  command: {
    title: 'a command line with {order} and {shards}',
    description:
      'A line of shell that runs one worker and ends when it does, such as ssh node epd-run work {order} --shards {shards} --with-parent. {order} and {shards} stand for what the worker is given, {log} for the file of what it prints, and {slot} for a number from 0 that no other worker has at the same time.',
    type: 'string',
    pattern: '^(?=[\\s\\S]*\\{order\\})(?=[\\s\\S]*\\{shards\\})',
    needed: true
  }
} as const satisfies KeySchemas

/** Whatever a line of shell starts: ssh, kubectl, qsub, srun. */
export const template: ExecutorDescriptor<ValuesOf<typeof KEYS>> = {
  name: 'template',
  description: 'Workers that a command line of your own starts: ssh, kubectl, qsub.',
  keys: KEYS,
  endsWithUs: true,
  interval: 1000,
  open({ command }, { orders, jobs = 1, workerArguments }) {
    const further = workerArguments.map(quoted).join(' ')
    const line = (order: string, job: Job, slot: number, log: string) => {
      const values = { order: quoted(order), shards: positions(job), log: quoted(log), slot: String(slot) }
      const filled = Object.entries(values).reduce(
        (text, [name, value]) => text.replaceAll(`{${name}}`, () => value),
        command
      )
      return further === '' ? filled : `${filled} ${further}`
    }
    return processes({
      orders,
      jobs,
      commandOf: (order, job, slot, log) => ({ words: ['/bin/sh', '-c', line(order, job, slot, log)] })
    })
  }
}
