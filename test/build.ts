import { execSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command line is tested as a process, so it is compiled before any test runs. */
export default function build(): void {
  execSync('npm run build', {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit']
  })
}
