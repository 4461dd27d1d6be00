import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

oneCore()

/**
 * Gives the process that runs a test file, and the programs that it starts, one core. Vitest runs as many files at once
 * as there are cores. If ONNX Runtime started a thread for every core in each of them, the threads would spend most of
 * their time waiting for each other. Where there is no taskset, as on macOS, the tests run without this, only slower.
 */
function oneCore(): void {
  if (process.platform !== 'linux') return
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const cores = list.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
  if (cores.length < 2) return
  const core = cores[(process.ppid + Number(process.env.VITEST_POOL_ID)) % cores.length]
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)])
}
