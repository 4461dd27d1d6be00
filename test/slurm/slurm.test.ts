import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { epdRun, main, temporaryFolder, type Line, type RunOptions } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { smallRun } from '../support/small-run.js'
import { processesWith, shardedSpec } from '../support/workers.js'
import { install } from '../support/debian.js'
import { startCluster, until, type Cluster } from './cluster.js'

const { spec: small, whole: smallWhole } = smallRun()
const sharded = shardedSpec()
const shardedWhole = temporaryFolder()
let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
  expect(await epdRun(['run', sharded, '--store', shardedWhole])).toMatchObject({ code: 0 })
})

afterAll(async () => {
  await cluster.stop()
})

/** Runs the command line as the cluster's user does. */
function onCluster(args: readonly string[], options: RunOptions = {}) {
  return epdRun(args, { ...options, env: { ...process.env, ...cluster.env, ...options.env } })
}

/** A configuration that a run in its folder takes. */
function configured(execution: Readonly<Record<string, unknown>>): string {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'epd-run.config.yaml'), JSON.stringify({ execution: { executor: 'slurm', ...execution } }))
  return cwd
}

/** The tasks of arrays that are in the queue, oldest first. */
function queued(): string[] {
  const text = execFileSync('squeue', ['-h', '-r', '-o', '%i'], { env: cluster.env, encoding: 'utf8' })
  return text.split('\n').filter(Boolean)
}

/** How many shards and whole stages workers have left, as their logs say. */
function kept(store: string): number {
  const logs = readdirSync(join(store, 'orders')).filter(name => name.endsWith('.log'))
  const lines = logs.flatMap(name => readFileSync(join(store, 'orders', name), 'utf8').split('\n'))
  return lines.filter(line => /^(shard \d+|stage): kept/.test(line)).length
}

/** Five shards of samples, and a stage of scores. */
const KEPT = 6

async function expectNothingLeft(store: string): Promise<void> {
  await until(() => processesWith(join(store, 'orders')).length === 0, 'no worker is left')
  expect(readdirSync(join(store, 'orders')).filter(name => !name.endsWith('.log'))).toEqual([])
}

describe('in short: Slurm', () => {
  it('leaves what a run in one process does, of every kind of stage', async () => {
    const store = temporaryFolder()
    expect(await onCluster(['run', small, '--store', store, '--executor', 'slurm'])).toMatchObject({
      code: 0,
      stderr: ''
    })
    expect(outcome(store)).toEqual(outcome(smallWhole))
    await expectNothingLeft(store)
  })

  it('has shards computed once, and those of cancelled jobs again', async () => {
    const store = temporaryFolder()
    const once = join(temporaryFolder(), 'once')
    const waiting = join(once, 'task')
    // The first task writes its id and waits to be cancelled, however fast the others are. Slurm knows it by its array.
    const id = '$SLURM_ARRAY_JOB_ID\\_$SLURM_ARRAY_TASK_ID'
    const setup = [`if mkdir ${once}; then echo ${id} > ${waiting}; exec sleep 600; fi`]
    const run = onCluster(['run', sharded, '--store', store], { cwd: configured({ jobs: 3, setup }) })
    await until(() => existsSync(waiting) && readFileSync(waiting, 'utf8').endsWith('\n'), 'the first task waits')
    execFileSync('scancel', [readFileSync(waiting, 'utf8').trim()], { env: cluster.env })
    expect(await run).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(shardedWhole))
    expect(kept(store)).toBe(KEPT)
    await expectNothingLeft(store)
  })

  it('goes on where a coordinator was killed, with the jobs that it had asked for', async () => {
    const store = temporaryFolder()
    let run = onCluster(['run', sharded, '--store', store, '--executor', 'slurm', '--jobs', '2', '--json'], {
      onLine(line, child) {
        if (line.type === 'progress') child.kill('SIGKILL')
      }
    })
    expect(await run).toMatchObject({ code: null })
    run = onCluster(['resume', '--store', store, '--executor', 'slurm', '--jobs', '2'])
    expect(await run).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(shardedWhole))
    expect(kept(store)).toBe(KEPT)
    await expectNothingLeft(store)
  })

  it('leaves with --detach, and resume collects', async () => {
    const store = temporaryFolder()
    const left = await onCluster(['run', sharded, '--store', store, '--executor', 'slurm', '--detach'])
    expect(left).toMatchObject({ code: 0 })
    expect(left.stdout).toContain('epd-run resume sharded-')
    expect(await onCluster(['resume', '--store', store, '--executor', 'slurm'])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(shardedWhole))
    expect(kept(store)).toBe(KEPT)
  })

  it('cancels its jobs on Ctrl-C', async () => {
    const store = temporaryFolder()
    let sent = false
    const run = await onCluster(['run', sharded, '--store', store, '--executor', 'slurm', '--json'], {
      onLine(line, child) {
        if (!sent && line.type === 'progress') sent = child.kill('SIGINT')
      }
    })
    expect(run.code).toBe(130)
    await until(() => queued().length === 0, 'the queue is empty')
    expect(processesWith(join(store, 'orders'))).toEqual([])
  })
})

describe('Slurm', () => {
  it('survives a node that goes down and comes back', async () => {
    const store = temporaryFolder()
    let killed: Promise<void> | undefined
    const run = onCluster(['run', sharded, '--store', store, '--executor', 'slurm', '--jobs', '2', '--json'], {
      onLine({ type }) {
        if (type === 'progress') killed ??= cluster.killNode().then(() => cluster.startNode())
      }
    })
    expect(await run).toMatchObject({ code: 0 })
    await killed
    expect(outcome(store)).toEqual(outcome(shardedWhole))
    await expectNothingLeft(store)
  })

  it('computes again what a node has left that is garbage', async () => {
    const [store, folder] = [temporaryFolder(), temporaryFolder()]
    const program = join(folder, 'node.sh')
    const [seen, results] = [join(folder, 'seen'), join(store, 'results')]
    writeFileSync(
      program,
      `#!/bin/sh
key=$(basename "$2" .json)
if mkdir ${seen}-$key 2>/dev/null; then mkdir -p ${results}/$key; head -c 500 /dev/urandom > ${results}/$key/0.json; exit 0; fi
exec ${process.execPath} ${main} "$@"
`
    )
    chmodSync(program, 0o755)
    const cwd = configured({ program })
    const run = await onCluster(['run', sharded, '--store', store], { cwd })
    expect(run.code).toBe(0)
    expect(run.stderr).toContain('what a worker left of many (0) is not what was written; it is computed again')
    expect(outcome(store)).toEqual(outcome(shardedWhole))
  })

  it('gives out again what a node could not write, whose disk was full', async () => {
    const [store, folder] = [temporaryFolder(), temporaryFolder()]
    // A limit on the size of files is what a full disk is to whoever writes them.
    const cwd = configured({ setup: [`if mkdir ${join(folder, 'once')}; then ulimit -f 1; fi`] })
    expect(await onCluster(['run', sharded, '--store', store], { cwd })).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(shardedWhole))
  })

  it('minds no clock of a node that is two hours off', async () => {
    const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
    install({ [faketime]: 'libfaketime' })
    const store = temporaryFolder()
    const cwd = configured({ setup: [`export LD_PRELOAD=${faketime} FAKETIME=+2h`] })
    expect(await onCluster(['run', sharded, '--store', store], { cwd })).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(shardedWhole))
    expect(kept(store)).toBe(KEPT)
  })

  it('computes no shard twice where the same spec is submitted twice at once', async () => {
    const store = temporaryFolder()
    const lines: Line[] = []
    const runs = [0, 1].map(() =>
      onCluster(['run', sharded, '--store', store, '--executor', 'slurm', '--json'], {
        onLine: line => lines.push(line)
      })
    )
    expect(await Promise.all(runs)).toMatchObject([{ code: 0 }, { code: 0 }])
    expect(lines.filter(({ type }) => type === 'started').length).toBe(3)
    expect(kept(store)).toBe(KEPT)
    expect(outcome(store)).toEqual(outcome(shardedWhole))
  })

  it('ends with the same digests however often its coordinator is killed', async () => {
    const store = temporaryFolder()
    for (let moment = 0; moment < 20; moment++) {
      const run = onCluster(['run', sharded, '--store', store, '--executor', 'slurm', '--jobs', '2', '--json'], {
        onLine(_, child) {
          setTimeout(() => child.kill('SIGKILL'), 150 * moment)
        }
      })
      await run
    }
    expect(await onCluster(['run', sharded, '--store', store, '--executor', 'slurm'])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(shardedWhole))
    expect(kept(store)).toBe(KEPT)
    await expectNothingLeft(store)
  })

  it('runs a matrix of 40 stages while every third job is cancelled once', async () => {
    const spec = matrixSpec()
    const [whole, store] = [temporaryFolder(), temporaryFolder()]
    expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0 })
    const seen = new Set<string>()
    let cancelled = 0
    const timer = setInterval(() => {
      for (const job of queued().filter(id => !seen.has(id))) {
        seen.add(job)
        if (seen.size % 3 !== 0) continue
        cancelled += 1
        execFileSync('scancel', [job], { env: cluster.env })
      }
    }, 500)
    const run = await onCluster(['run', spec, '--store', store, '--executor', 'slurm'])
    clearInterval(timer)
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(cancelled).toBeGreaterThan(5)
    expect(outcome(store)).toEqual(outcome(whole))
    expect(kept(store)).toBeLessThanOrEqual(40 + cancelled)
    await expectNothingLeft(store)
  })

  it('leaves of the default experiment what a run in one process does', async () => {
    const [whole, store] = [temporaryFolder(), temporaryFolder()]
    expect(await epdRun(['run', 'specs/shapes16-nfe5.yaml', '--store', whole])).toMatchObject({ code: 0 })
    const run = await onCluster(['run', 'specs/shapes16-nfe5.yaml', '--store', store, '--executor', 'slurm'])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(outcome(store)).toEqual(outcome(whole))
  })
})

/** Forty stages of one shard, none of which needs another. */
function matrixSpec(): string {
  const file = join(temporaryFolder(), 'matrix.yaml')
  const text = readFileSync(sharded, 'utf8')
  const steps = Array.from({ length: 20 }, (_, i) => i + 2)
  writeFileSync(
    file,
    `${text.slice(0, text.indexOf('solver:'))}matrix: { steps: [${steps.join(', ')}] }
solver: { name: euler, nfe: matrix.steps }
stages:
  some: { kind: sample, seeds: 0-7 }
  more: { kind: sample, seeds: 8-15 }
`
  )
  return file
}
