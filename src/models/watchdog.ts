import { spawn } from 'node:child_process'

/**
 * Has a process group killed as soon as this process is gone, however it went: SIGKILL leaves a process no time to end
 * what it has started. A shell beside the group waits for the end of its standard input, which the system closes
 * together with this process. Returns what ends the watch. Windows has neither groups nor this shell, and nothing is
 * done there.
 */
export function killedAfterUs(group: number): () => void {
  if (process.platform === 'win32') return () => undefined
  // A session of its own, so that no terminal ends it before this process.
  const watchdog = spawn('/bin/sh', ['-c', WATCH, 'sh', String(group)], {
    ...{ cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] }
  })
  // Without a shell a program is ended by all but SIGKILL.
  watchdog.on('error', () => undefined)
  watchdog.unref()
  return () => {
    watchdog.kill('SIGKILL')
  }
}

const WATCH = 'read -r _; kill -s KILL -- "-$1"'
