import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { install } from '../support/debian.js'
import { ssh } from '../support/ssh.js'
import { bootImage } from './boot-image.js'
import { server } from './server.js'

/** Where a machine sees the folder that the server exports. */
export const MOUNTED = '/mnt/nfs'

/** Where machines reach this one, and so the server and each other. */
const HOST = '10.0.2.2'

/** A machine with a kernel and memory of its own, which has mounted the server's folder. */
export interface Machine {
  /** Runs a line of a shell there, and resolves with its exit code and what it has printed. */
  readonly run: (line: string) => Promise<{ readonly code: number | null; readonly said: string }>
  /** What stands before a command line for it to run on this machine, where another one calls it. */
  readonly remotely: string
  /** Ends it as a cut of its power does. */
  readonly cut: () => void
}

/** A server of NFS, and machines that mount what it exports. */
export interface Laboratory {
  /** The exported folder, where the server keeps it. */
  readonly exported: string
  readonly startMachine: (name: string) => Promise<Machine>
  readonly startServer: () => Promise<void>
  readonly killServer: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Installs what it takes, and starts the server. */
export async function openLaboratory(): Promise<Laboratory> {
  install({
    '/usr/bin/qemu-system-x86_64': 'qemu-system-x86',
    '/usr/sbin/mount.nfs': 'nfs-common',
    '/usr/sbin/sshd': 'openssh-server',
    '/usr/bin/ssh': 'openssh-client'
  })
  const folder = mkdtempSync(join(tmpdir(), 'epd-nfs-'))
  const nfs = server(folder, await freePort())
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  const script = join(folder, 'machine.sh')
  writeFileSync(script, onMachine(folder, nfs.port))
  const image = bootImage(folder, script)
  const processes: ChildProcess[] = []
  await nfs.start()
  return {
    exported: nfs.exported,
    startServer: nfs.start,
    killServer: nfs.kill,
    async startMachine(name) {
      const port = await freePort()
      const vm = spawn('qemu-system-x86_64', options(image, name, port), { stdio: 'ignore' })
      processes.push(vm)
      const machine = {
        run: runs(folder, port),
        remotely: ssh('/root/user', HOST, port),
        cut: () => void vm.kill('SIGKILL')
      }
      while ((await machine.run(`mountpoint -q ${MOUNTED}`)).code !== 0) {
        if (vm.exitCode !== null) throw new Error(`the machine ${name} has ended with ${vm.exitCode}`)
        await sleep(500)
      }
      return machine
    },
    async stop() {
      for (const vm of processes) vm.kill('SIGKILL')
      await nfs.kill()
      rmSync(folder, { recursive: true })
    }
  }
}

/** A processor in software, so that no right to a virtual one is needed, and this machine's files to read. */
function options({ kernel, initrd }: ReturnType<typeof bootImage>, name: string, port: number): string[] {
  return [
    ...['-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', '2500', '-nographic', '-no-reboot'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', `console=ttyS0 quiet panic=-1 machine=${name}`],
    ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
    ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:22`, '-device', 'virtio-net-pci,netdev=net']
  ]
}

/** What a machine does once it sees this one's files: it mounts the server's folder and answers to SSH. */
function onMachine(folder: string, port: number): string {
  const keys = ['HostKey=/root/host', 'AuthorizedKeysFile=/root/user.pub', 'StrictModes=no', 'UsePAM=no']
  return `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /run/sshd ${MOUNTED}
cp ${folder}/host ${folder}/user ${folder}/user.pub /root
mount -t nfs4 -o vers=4.1,hard,port=${port} ${HOST}:/nfs ${MOUNTED}
exec /usr/sbin/sshd -D -f /dev/null ${[...keys, 'PermitRootLogin=yes'].map(option => `-o ${option}`).join(' ')}
`
}

function runs(folder: string, port: number): Machine['run'] {
  const [program, ...args] = ssh(join(folder, 'user'), '127.0.0.1', port).split(' ')
  return async line => {
    const child = spawn(program, [...args, line], { stdio: ['ignore', 'pipe', 'pipe'] })
    const closed = once(child, 'close')
    const [said, blamed] = await Promise.all([text(child.stdout), text(child.stderr)])
    await closed
    return { code: child.exitCode, said: said + blamed }
  }
}

/** A port that nothing listens at. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}
