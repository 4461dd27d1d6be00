import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command line is tested as a process, so it is compiled before any test runs. Types are checked by themselves. */
export default function build(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { cwd: root })
}
