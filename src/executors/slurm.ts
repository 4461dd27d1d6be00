import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EpdError } from '../errors.js'
import type { KeySchemas, ValuesOf } from '../reading/keys.js'
import type { Executor, ExecutorDescriptor, Job, Standing } from './executor.js'
import { positions, quoted, thisProgram } from './program.js'

const LINES = { type: 'array', items: { type: 'string', minLength: 1 } } as const

const KEYS = {
  options: {
    ...LINES,
    title: 'a list of options of sbatch',
    description:
      'Options that are passed to sbatch as they are, such as --partition=gpu, --gres=gpu:1 or --time=2:00:00.'
  },
  setup: {
    ...LINES,
    title: 'a list of lines of shell',
    description: 'Lines of shell that run on the node before each worker, such as module load cuda.'
  },
  program: {
    title: 'a command line',
    description:
      'How a node starts epd-run, such as apptainer exec --nv epd-run.sif epd-run; by default as this machine does, by the same paths.',
    type: 'string',
    minLength: 1
  }
} as const satisfies KeySchemas

type Options = ValuesOf<typeof KEYS>

/** Tasks of one array at most: Slurm's own limit is 1001 unless its administrator has set another. */
const TASKS = 1000

/** Milliseconds for which what squeue has said is taken for how things are. */
const FRESH = 2000

/** Jobs of Slurm, each share a task of an array. */
export const slurm: ExecutorDescriptor<Options> = {
  name: 'slurm',
  description: 'Jobs of Slurm, which go on without the run that asked for them; the store is in a shared folder.',
  keys: KEYS,
  endsWithUs: false,
  interval: 2000,
  open(options, { orders, jobs, workerArguments }): Executor {
    const looked = looking()
    const log = ({ id }: Job) => join(orders, `${id}.log`)
    return {
      name(shares) {
        const name = `epd-run-${randomUUID().slice(0, 13)}`
        return shares.map(({ first, last }, i) => {
          const array = Math.floor(i / TASKS)
          return { id: `${name}-${array}_${i % TASKS}`, first, last }
        })
      },
      async submit(order, asked) {
        for (const array of arrays(asked)) {
          const script = scriptOf(order, array, options, workerArguments)
          await called('sbatch', [...sbatchArguments(array, orders, jobs), ...(options.options ?? [])], script)
        }
        looked.forget()
      },
      async standings(asked) {
        const queue = await looked.at()
        return new Map(asked.map(({ id }) => [id, queue?.get(id)?.standing ?? (queue ? 'gone' : 'waiting')]))
      },
      async cancel(asked) {
        looked.forget()
        const queue = await looked.at()
        const ids = asked.flatMap(({ id }) => queue?.get(id)?.id ?? [])
        looked.forget()
        for (let i = 0; i < ids.length; i += TASKS) await called('scancel', ids.slice(i, i + TASKS))
      },
      log,
      async pause(milliseconds, signal) {
        await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
      }
    }
  }
}

/** Jobs by their arrays, whose names their ids begin with. */
function arrays(jobs: readonly Job[]): Job[][] {
  const found = new Map<string, Job[]>()
  for (const job of jobs) {
    const name = nameOf(job)
    found.set(name, [...(found.get(name) ?? []), job])
  }
  return [...found.values()]
}

function nameOf({ id }: Job): string {
  return id.replace(/_\d+$/, '')
}

function sbatchArguments(array: readonly Job[], orders: string, jobs: number | undefined): string[] {
  const [first] = array
  const atOnce = jobs === undefined ? '' : `%${jobs}`
  const name = nameOf(first)
  return [
    ...['--parsable', `--job-name=${name}`, `--array=0-${array.length - 1}${atOnce}`],
    ...[`--output=${join(orders, `${name}_%a.log`)}`, '--open-mode=append', '--signal=B:USR1@60']
  ]
}

/** The script of an array: each task is a worker that takes the place of its shell, so that signals reach it. */
function scriptOf(
  order: string,
  array: readonly Job[],
  { setup = [], program }: Options,
  workerArguments: readonly string[]
): string {
  const start = program ?? thisProgram().map(quoted).join(' ')
  const further = workerArguments.map(quoted).join(' ')
  return [
    '#!/bin/sh',
    ...setup,
    'case "$SLURM_ARRAY_TASK_ID" in',
    ...array.map((job, i) => `${i}) shards=${positions(job)} ;;`),
    'esac',
    `exec ${start} work ${quoted(order)} --shards "$shards" ${further}`.trimEnd(),
    ''
  ].join('\n')
}

interface Queued {
  /** What Slurm knows it by. */
  readonly id: string
  readonly standing: Standing
}

/** What squeue says of the user's jobs, by our names of them; asked once for all stages of a run. */
function looking() {
  let last: { readonly at: number; readonly queue: Promise<ReadonlyMap<string, Queued> | undefined> } | undefined
  return {
    at() {
      const now = performance.now()
      if (!last || now - last.at > FRESH) last = { at: now, queue: queueNow() }
      return last.queue
    },
    forget() {
      last = undefined
    }
  }
}

/** Undefined while Slurm does not answer, such as when its controller is started again. */
async function queueNow(): Promise<ReadonlyMap<string, Queued> | undefined> {
  const asked = ['--me', '--array', '--noheader', '--states=all', '--format=%i %K %T %j']
  const text = await called('squeue', asked).catch((error: unknown) => {
    if (error instanceof EpdError && error.subject === NOT_FOUND) throw error
    return undefined
  })
  if (text === undefined) return undefined
  const lines = text.split('\n').map(line => line.trim().split(/\s+/))
  return new Map(
    lines.flatMap(([id, task, state, name = '']) =>
      name.startsWith('epd-run-') ? [[`${name}_${task}`, { id, standing: standingOf(state) }] as const] : []
    )
  )
}

const WAITING: readonly string[] = ['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'SPECIAL_EXIT']
const RUNNING: readonly string[] = [
  'RUNNING',
  'COMPLETING',
  'SUSPENDED',
  'STOPPED',
  'RESIZING',
  'SIGNALING',
  'STAGE_OUT'
]

function standingOf(state: string): Standing {
  if (WAITING.includes(state)) return 'waiting'
  return RUNNING.includes(state) ? 'running' : 'gone'
}

const NOT_FOUND = 'not-found'

/** Milliseconds after which a command of Slurm is taken to have failed. */
const PATIENCE = 120_000

/** Calls a command of Slurm. @throws EpdError `executor-failed` with what it has said */
async function called(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: PATIENCE, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (!error) resolve(stdout)
      else reject(failed(command, error, stderr.trim()))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

function failed(command: string, error: Error, said: string): EpdError {
  if ('code' in error && error.code === 'ENOENT')
    return new EpdError(
      'executor-failed',
      `there is no ${command} here; run on a machine from which jobs of Slurm are submitted`,
      { subject: NOT_FOUND }
    )
  const what = said === '' ? error.message : said
  return new EpdError('executor-failed', `${command} failed: ${what}`, { quoted: said === '' ? undefined : said })
}
