import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { install } from '../support/debian.js'
import { ended } from '../support/ended.js'

/** A cluster of one node on this machine, run by the real daemons of Slurm. */
export interface Cluster {
  readonly folder: string
  /** What a command of Slurm needs in its environment. */
  readonly env: NodeJS.ProcessEnv
  /** Starts slurmd, which runs jobs. */
  readonly startNode: () => Promise<void>
  /** Kills slurmd, as a node that loses its power does. */
  readonly killNode: () => Promise<void>
  /** Ends every daemon. */
  readonly stop: () => Promise<void>
}

/** Starts munged, slurmctld and slurmd below a temporary folder. */
export async function startCluster(cpus = 8): Promise<Cluster> {
  install({ '/usr/sbin/slurmctld': 'slurm-wlm', '/usr/sbin/munged': 'munge' })
  const folder = mkdtempSync(join(tmpdir(), 'epd-slurm-'))
  chmodSync(folder, 0o755)
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name))
  const configuration = join(folder, 'slurm.conf')
  writeFileSync(configuration, text(folder, cpus))
  const env = { ...process.env, SLURM_CONF: configuration }
  const munged = await startMunge(folder)
  const controller = daemon(folder, 'slurmctld', ['-D', '-f', configuration], env)
  let node: ChildProcess | undefined
  const killNode = async () => {
    if (node) await ended(node, 'SIGKILL')
    node = undefined
  }
  const startNode = async () => {
    node = daemon(folder, 'slurmd', ['-D', '-f', configuration], env)
    await answering(env)
  }
  await startNode()
  return {
    folder,
    env,
    startNode,
    killNode,
    async stop() {
      spawnSync('scancel', ['--me'], { env })
      await sleep(500)
      if (node) await ended(node, 'SIGTERM')
      await ended(controller, 'SIGTERM')
      if (munged) await ended(munged, 'SIGTERM')
    }
  }
}

function text(folder: string, cpus: number): string {
  const host = hostname()
  const at = (name: string) => join(folder, name)
  return [
    ...['ClusterName=test', `SlurmctldHost=${host}(127.0.0.1)`, 'AuthType=auth/munge', 'CryptoType=crypto/munge'],
    ...['ProctrackType=proctrack/linuxproc', 'TaskPlugin=task/none', 'ReturnToService=2', 'SlurmUser=root'],
    ...['SelectType=select/cons_tres', 'SelectTypeParameters=CR_Core', 'MpiDefault=none', 'KillWait=5'],
    ...['SlurmdParameters=config_overrides', 'SlurmdTimeout=10', 'SchedulerParameters=sched_interval=2'],
    ...[`StateSaveLocation=${at('state')}`, `SlurmdSpoolDir=${at('spool')}`],
    ...[`SlurmctldPidFile=${at('slurmctld.pid')}`, `SlurmdPidFile=${at('slurmd.pid')}`],
    ...[`SlurmctldLogFile=${at('slurmctld.log')}`, `SlurmdLogFile=${at('slurmd.log')}`],
    ...['SlurmctldPort=16817', 'SlurmdPort=16818'],
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=${cpus} State=UNKNOWN`,
    'PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
    ''
  ].join('\n')
}

/** Starts munged unless it answers already. Its folders must be those of the user that it runs as. */
async function startMunge(folder: string): Promise<ChildProcess | undefined> {
  const answers = () => spawnSync('munge', ['-n'], { stdio: 'ignore' }).status === 0
  if (answers()) return undefined
  for (const path of ['/run/munge', '/var/log/munge', '/var/lib/munge', '/etc/munge']) {
    mkdirSync(path, { recursive: true })
    execFileSync('chown', ['-R', 'munge:munge', path])
  }
  chmodSync('/run/munge', 0o755)
  if (!existsSync('/etc/munge/munge.key')) execFileSync('runuser', ['-u', 'munge', '--', 'mungekey', '--create'])
  const munged = daemon(folder, 'runuser', ['-u', 'munge', '--', 'munged', '--foreground', '--force'], process.env)
  await until(answers, 'munged answers')
  return munged
}

function daemon(folder: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const log = openSync(join(folder, `${program}.out`), 'a')
  const child = spawn(program, args, { env, stdio: ['ignore', log, log] })
  closeSync(log)
  return child
}

/** Resolves once the node takes jobs. */
function answering(env: NodeJS.ProcessEnv): Promise<void> {
  const state = () => spawnSync('sinfo', ['-h', '-o', '%t'], { env, encoding: 'utf8' }).stdout.trim()
  return until(() => ['idle', 'mix', 'alloc'].includes(state()), 'the node takes jobs')
}

/** Resolves once something holds. @throws Error after a minute and a half in which it did not */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 900; i++) {
    if (holds()) return
    await sleep(100)
  }
  throw new Error(`it was waited in vain until ${what}`)
}
