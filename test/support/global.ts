import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Compiles the command line, which is tested as a process, and gives all tests of a run one folder for their temporary
 * files. Vitest calls what it returns after the last test, which then deletes that folder.
 */
export default function prepare(): () => void {
  execFileSync('npm', ['run', 'build'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const folder = mkdtempSync(join(tmpdir(), 'epd-tests-'))
  process.env.TMPDIR = folder
  return () => {
    rmSync(folder, { recursive: true, force: true })
  }
}
