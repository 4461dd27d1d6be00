import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command line is tested as a process, so it is compiled before any test runs. */
export default function build(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit'
  })
}
