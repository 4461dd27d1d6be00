import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Nothing that a package brings is started, and nothing is asked. */
const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }

/** Installs the packages of Debian whose programs are not here. */
export function install(programs: Readonly<Record<string, string>>): void {
  const missing = Object.entries(programs).flatMap(([program, name]) => (existsSync(program) ? [] : [name]))
  if (missing.length === 0) return
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
  execFileSync('apt-get', ['install', '-yqq', '--no-install-recommends', ...missing], { env, stdio: 'ignore' })
}
