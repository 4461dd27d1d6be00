import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/**
 * Runs before the tests of each file, in their process. What they write to the temporary folder, and what the programs
 * write that they start, lies in a folder of the file's own, which is deleted after its last test.
 */
const folder = mkdtempSync(join(tmpdir(), 'file-'))
process.env.TMPDIR = folder
afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})
oneCore()

/**
 * Vitest runs as many files at once as there are cores, so each of them gets one core for itself and for the programs
 * that it starts. Else ONNX Runtime would start a thread for every core in each of them, and those threads spend most of
 * their time waiting for each other. Where there is no taskset, as on macOS, the tests run without this, only slower.
 */
function oneCore(): void {
  if (process.platform !== 'linux') return
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const cores = list.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
  const core = cores[(process.ppid + Number(process.env.VITEST_POOL_ID)) % cores.length]
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)])
}
