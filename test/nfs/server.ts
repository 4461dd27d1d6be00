import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { install } from '../support/debian.js'
import { ended } from '../support/ended.js'

/** A server of NFS 4 on this machine, which exports one folder as /nfs. */
export interface Server {
  readonly port: number
  /** The exported folder, where the server keeps it. */
  readonly exported: string
  /** Resolves once it answers. */
  readonly start: () => Promise<void>
  /** Kills it, as a cut of its power does. */
  readonly kill: () => Promise<void>
}

/** A server whose files are below a folder. It is not started yet. */
export function server(folder: string, port: number): Server {
  install({
    '/usr/bin/ganesha.nfsd': 'nfs-ganesha',
    '/usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so': 'nfs-ganesha-vfs'
  })
  const exported = join(folder, 'exported')
  mkdirSync(exported)
  const configuration = join(folder, 'ganesha.conf')
  writeFileSync(configuration, text(exported, port))
  let daemon: ChildProcess | undefined
  return {
    port,
    exported,
    async start() {
      const files = ['-f', configuration, '-L', join(folder, 'ganesha.log'), '-p', join(folder, 'ganesha.pid')]
      const started = spawn('ganesha.nfsd', ['-F', ...files, '-N', 'NIV_EVENT'], { stdio: 'ignore' })
      daemon = started
      while (!(await answers(port))) {
        if (started.exitCode !== null) throw new Error(`the server of NFS has ended with ${started.exitCode}`)
        await sleep(100)
      }
    },
    async kill() {
      if (daemon) await ended(daemon, 'SIGKILL')
    }
  }
}

/** After a restart clients have 15 seconds to tell which locks they hold, and the locks of a lost one end after 15. */
function text(exported: string, port: number): string {
  return `NFS_CORE_PARAM { Protocols = 4; NFS_Port = ${port}; Bind_addr = 127.0.0.1; Enable_RQUOTA = false; }
NFSv4 { Minor_Versions = 1, 2; Grace_Period = 15; Lease_Lifetime = 15; }
EXPORT {
  Export_Id = 1; Path = ${exported}; Pseudo = /nfs; SecType = sys; Transports = TCP;
  Access_Type = RW; Squash = No_Root_Squash; PrivilegedPort = false; FSAL { Name = VFS; }
}
`
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
