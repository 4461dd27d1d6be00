import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { smallSpec, temporaryFolder } from './process.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const spec = smallSpec()

/** Runs a script in a mount namespace of its own, where DISK can be mounted without any rights outside of it. */
function withDisk(script: string): { code: number | null; stdout: string; stderr: string } {
  const file = join(temporaryFolder(), 'script.sh')
  writeFileSync(file, `set -u\nmount() { command mount "$@" || exit 99; }\n${script}`)
  const { status, stdout, stderr } = spawnSync('unshare', ['--map-root-user', '--mount', 'bash', file], {
    encoding: 'utf8',
    env: { ...process.env, DISK: temporaryFolder(), RUN: `${process.execPath} ${main}`, SPEC: spec }
  })
  return { code: status, stdout, stderr }
}

const oneLine = /^epd-run: [^\n]+\n$/

describe.runIf(process.platform === 'linux')('a disk', () => {
  it.each([100, 1500, 2200])('of %i KB fills up: one line, and once there is room the run goes on', size => {
    const { code, stdout, stderr } = withDisk(`
      mount -t tmpfs -o size=${size}k none $DISK
      $RUN run $SPEC --store $DISK/store --json > /dev/null
      test $? = 1 || exit 98
      mount -o remount,size=100m $DISK
      $RUN run $SPEC --store $DISK/store --json > /dev/null || exit 97
      $RUN query "SELECT status, (SELECT count(*) FROM stages WHERE status = 'finished') AS stages FROM runs" --csv --store $DISK/store`)
    expect(stderr).toMatch(oneLine)
    expect(stderr).toContain('the disk is full; free some space and run again, what is done is kept')
    expect(code).toBe(0)
    expect(stdout).toBe('status,stages\nfinished,7\n')
  })

  it('that is read-only: one line that says where else to go', () => {
    const { code, stderr } = withDisk(`
      mount -t tmpfs -o ro none $DISK
      $RUN run $SPEC --store $DISK/store --json`)
    expect(stderr).toMatch(oneLine)
    expect(stderr).toContain('choose another folder with --store')
    expect(code).toBe(1)
  })

  it('that has become read-only with a store on it: nothing is lost', () => {
    const { code, stdout, stderr } = withDisk(`
      mount -t tmpfs none $DISK
      $RUN run $SPEC --store $DISK/store --json > /dev/null || exit 98
      mount -o remount,ro $DISK
      $RUN run $SPEC --store $DISK/store --json > /dev/null
      test $? = 1 || exit 97
      cp -r $DISK/store $DISK-copy && $RUN ls --json --store $DISK-copy`)
    expect(stderr).toMatch(oneLine)
    expect(stderr).toContain('choose another folder with --store')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject([{ status: 'finished' }])
  })
})
