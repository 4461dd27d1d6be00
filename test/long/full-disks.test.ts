import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { epdRun, main, temporaryFolder } from '../support/cli.js'
import { LARGER, shardedSpec } from '../support/workers.js'

/**
 * What a script can say: run and work, and the digests of what a store has. `epd_run work` is a worker of the first
 * stage's order.
 */
const words = `
  set -u
  mount() { command mount "$@" || exit 99; }
  epd_run() { "$NODE" "$MAIN" "$@"; }
  run() { epd_run run "$SPEC" --store "$1" --jobs 1 --json > /dev/null; }
  digests() { epd_run query "SELECT name, position, digest FROM artifacts ORDER BY stage_key, name, position" --csv --store "$1"; }
  order() { grep -l '"stage":"many"' $1/orders/????????????????????????????????????????????????????????????????.json; }
  asked() { epd_run run "$NOBODY" --store "$1" --keep-going > /dev/null 2>&1; }
`

/** Runs a script in a mount namespace of its own, where DISK can be mounted without any rights outside of it. */
function withDisk(script: string): { code: number | null; stdout: string; stderr: string } {
  const folder = temporaryFolder()
  const file = join(folder, 'script.sh')
  writeFileSync(file, words + script)
  const { status, stdout, stderr } = spawnSync('unshare', ['--map-root-user', '--mount', 'bash', file], {
    encoding: 'utf8',
    env: { ...process.env, DISK: folder, NODE: process.execPath, MAIN: main, SPEC: spec, NOBODY: nobody }
  })
  return { code: status, stdout, stderr }
}

const spec = shardedSpec('execution: { executor: local, retries: 0 }', LARGER)
/** The same stages, whose workers end at once. */
const nobody = shardedSpec('execution: { executor: template, retries: 0, command: "false {order} {shards}" }', LARGER)
let whole: string

beforeAll(async () => {
  const store = temporaryFolder()
  expect(await epdRun(['run', spec, '--store', store, '--jobs', '1'])).toMatchObject({ code: 0 })
  const sql = 'SELECT name, position, digest FROM artifacts ORDER BY stage_key, name, position'
  whole = (await epdRun(['query', sql, '--csv', '--store', store])).stdout
})

const FULL = 'the disk is full'

describe.runIf(process.platform === 'linux')('a full disk', () => {
  it('of the files that workers leave is said by name, and a second run completes', () => {
    const { code, stdout, stderr } = withDisk(`
      mkdir -p $DISK/store/objects
      mount -t tmpfs -o size=40k none $DISK/store/objects
      run $DISK/store
      test $? = 1 || exit 98
      # PNGs are moved out of the folder, which a disk of its own would not allow.
      cp -r $DISK/store/objects $DISK/saved
      umount $DISK/store/objects
      rmdir $DISK/store/objects
      mv $DISK/saved $DISK/store/objects
      run $DISK/store || exit 97
      digests $DISK/store`)
    expect(stderr).toContain(FULL)
    expect(stderr).toMatch(/stage "(many|finer)": 1 workers ended without what they were asked for/)
    expect(code).toBe(0)
    expect(stdout).toBe(whole)
  })

  it('of the records that workers leave is said by name, and a second run completes', () => {
    const { code, stdout, stderr } = withDisk(`
      mkdir -p $DISK/store/results
      mount -t tmpfs -o size=4k none $DISK/store/results
      run $DISK/store
      test $? = 1 || exit 98
      mount -o remount,size=100m $DISK/store/results
      run $DISK/store || exit 97
      digests $DISK/store`)
    expect(stderr).toContain(FULL)
    expect(code).toBe(0)
    expect(stdout).toBe(whole)
  })

  it('of the coordinator is said by name while it collects, and a second run completes', () => {
    const { code, stdout, stderr } = withDisk(`
      mkdir $DISK/store
      mount -t tmpfs -o size=100m none $DISK/store
      asked $DISK/store
      epd_run work $(order $DISK/store) --shards 0-2 > /dev/null || exit 98
      cat /dev/zero > $DISK/store/filler 2> /dev/null
      run $DISK/store
      test $? = 1 || exit 97
      rm $DISK/store/filler
      run $DISK/store || exit 96
      digests $DISK/store`)
    // SQLite tells of some full disks as of a failed one.
    expect(stderr).toMatch(/the disk (is full|failed).*; free some space/)
    expect(code).toBe(0)
    expect(stdout).toBe(whole)
  })

  it('of scratch has files read where they are, or ends the worker where it has no place for its own', () => {
    const { code, stderr } = withDisk(`
      asked $DISK/store
      mkdir $DISK/scratch
      mount -t tmpfs -o size=1200k none $DISK/scratch
      epd_run work $(order $DISK/store) --shards 0 --scratch $DISK/scratch > /dev/null || exit 98
      mount -t tmpfs -o size=20k none $DISK/scratch
      epd_run work $(order $DISK/store) --shards 1 --scratch $DISK/scratch > /dev/null
      test $? = 1 || exit 97`)
    expect(stderr).toMatch(new RegExp(`^warning: .*${FULL}.* read where it is`, 'm'))
    expect(stderr).toMatch(new RegExp(`^epd-run: .*${FULL}`, 'm'))
    expect(code).toBe(0)
  })
})
