import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { smallSpec, temporaryFolder } from '../support/cli.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const spec = smallSpec()

/** What a script can say: mount, and epd-run with one stage of samples in a store on DISK. */
const words = `
  set -u
  mount() { command mount "$@" || exit 99; }
  epd_run() { "$NODE" "$MAIN" run "$SPEC" --set "$STAGES" --store "$DISK/store" --json > /dev/null; }
  query() { "$NODE" "$MAIN" query "SELECT runs.status, count(*) AS shards FROM runs, shards" --csv --store "$1"; }
`

/** Runs a script in a mount namespace of its own, where DISK can be mounted without any rights outside of it. */
function withDisk(script: string): { code: number | null; stdout: string; stderr: string } {
  const file = join(temporaryFolder(), 'script.sh')
  writeFileSync(file, words + script)
  const stages = 'stages={ euler: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-319 } }'
  const { status, stdout, stderr } = spawnSync('unshare', ['--map-root-user', '--mount', 'bash', file], {
    encoding: 'utf8',
    env: { ...process.env, DISK: temporaryFolder(), NODE: process.execPath, MAIN: main, SPEC: spec, STAGES: stages }
  })
  return { code: status, stdout, stderr }
}

const oneLine = /^epd-run: [^\n]+\n$/
const whole = 'status,shards\nfinished,5\n'

describe.runIf(process.platform === 'linux')('a disk', () => {
  it.each([100, 1500, 2200])('of %i KB fills up: one line, and once there is room the run goes on', size => {
    const { code, stdout, stderr } = withDisk(`
      mount -t tmpfs -o size=${size}k none $DISK
      epd_run
      test $? = 1 || exit 98
      mount -o remount,size=100m $DISK
      epd_run || exit 97
      query $DISK/store`)
    expect(stderr).toMatch(oneLine)
    expect(stderr).toContain('the disk is full; free some space and run again, what is done is kept')
    expect(code).toBe(0)
    expect(stdout).toBe(whole)
  })

  it('that is read-only: one line that says where else to go', () => {
    const { code, stderr } = withDisk(`
      mount -t tmpfs -o ro none $DISK
      epd_run`)
    expect(stderr).toMatch(oneLine)
    expect(stderr).toContain('choose another folder with --store')
    expect(code).toBe(1)
  })

  it('that has become read-only with a store on it: it is read there, and nothing is lost', () => {
    const { code, stdout, stderr } = withDisk(`
      mount -t tmpfs none $DISK
      epd_run || exit 98
      rm -r $DISK/store/cache
      mount -o remount,ro $DISK
      epd_run
      test $? = 1 || exit 97
      query $DISK/store
      "$NODE" "$MAIN" run "$SPEC" --set "$STAGES" --store "$DISK/store" --dry-run || exit 96
      "$NODE" "$MAIN" ls --store "$DISK/store"
      mount -o remount,rw $DISK
      echo changes > $DISK/store/store.sqlite-wal
      mount -o remount,ro $DISK
      "$NODE" "$MAIN" ls --store "$DISK/store" && exit 95
      cp -r $DISK/store $DISK-copy
      rm $DISK-copy/store.sqlite-wal
      query $DISK-copy`)
    const [unwritable, changes] = stderr.split('\n')
    expect(unwritable).toMatch(/^epd-run: .*choose another folder with --store/)
    expect(changes).toMatch(/^epd-run: .*changes are left in store.sqlite-wal.*; copy the store to/)
    expect(code).toBe(0)
    expect(stdout.startsWith(whole)).toBe(true)
    expect(stdout.endsWith(whole)).toBe(true)
    expect(stdout).toContain('in the store')
    expect(stdout).toMatch(/^small-\w{8} +finished/m)
  })
})
