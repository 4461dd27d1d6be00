import { spawn } from 'node:child_process'
import { MARK, type ProgramProcesses } from './program-processes.js'

/**
 * Has a program killed, as `killProgram` does, as soon as this process is gone, however it went: SIGKILL leaves a
 * process no time to end what it has started. A shell beside the program waits for the end of its standard input, which
 * the system closes together with this process. Returns what ends the watch. Windows has no such shell, and nothing is
 * done there.
 */
export function killedAfterUs({ pid, mark }: ProgramProcesses): () => void {
  if (process.platform === 'win32' || pid === undefined) return () => undefined
  const watchdog = spawn('/bin/sh', ['-c', WATCH, 'sh', String(pid), `${MARK}=${mark}`], {
    // A session of its own, so that no terminal ends it before this process. It has none of our environment, lest it is
    // taken for a part of a program within which we run, and is killed with it.
    ...{ cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: { PATH: '/usr/bin:/bin' } }
  })
  // Without a shell a program is ended by all but SIGKILL.
  watchdog.on('error', () => undefined)
  watchdog.unref()
  return () => {
    watchdog.kill('SIGKILL')
  }
}

const WATCH = `read -r _
kill -s KILL -- "-$1"
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lsF "$2" /proc/[0-9]*/environ)
  [ -n "$found" ] || exit 0
  for file in $found; do
    pid=\${file#/proc/}
    kill -s KILL "\${pid%/environ}"
  done
done`
