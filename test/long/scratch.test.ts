import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { LARGER, orders, shardedSpec } from '../support/workers.js'

const digest = createHash('sha256').update(readFileSync(LARGER)).digest('hex')
let store: string
let scratch: string
let order: string
let shared: string

beforeEach(async () => {
  store = temporaryFolder()
  scratch = join(temporaryFolder(), 'scratch')
  shared = join(scratch, `epd-run-${process.getuid!()}`)
  ;[order] = await orders(store, LARGER)
})

const work = (shards: string, folder = scratch, env: Record<string, string> = {}) =>
  epdRun(['work', order, '--shards', shards, '--scratch', folder], { env: { ...process.env, ...env } })
const copy = () => join(shared, 'files', digest)
const graphs = (folder: string) => readdirSync(folder).filter(name => name.endsWith('.onnx'))

/** Has the run collect what its workers have left, and computes nothing but the other stages. */
async function expectSameDigests(): Promise<void> {
  const whole = temporaryFolder()
  const spec = shardedSpec('', LARGER)
  expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0 })
  expect(await epdRun(['run', spec, '--store', store, '--jobs', '1'])).toMatchObject({ code: 0, stderr: '' })
  expect(outcome(store)).toEqual(outcome(whole))
}

describe('work --scratch', () => {
  it('has workers of a machine share a copy of the checkpoint and of its graph, and read these', async () => {
    const both = await Promise.all(
      ['0', '1'].map(shard => work(shard, '$PLACE/scratch', { PLACE: join(scratch, '..') }))
    )
    expect(both).toMatchObject([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' }
    ])
    expect(readdirSync(join(shared, 'files'))).toEqual([digest])
    expect(readFileSync(copy()).equals(readFileSync(LARGER))).toBe(true)
    const [cache] = readdirSync(join(shared, 'cache')).map(name => join(shared, 'cache', name))
    expect(graphs(cache)).toEqual(graphs(join(store, 'cache')))
    // A worker that read the graph of the store would say that it has changed.
    for (const name of graphs(join(store, 'cache'))) truncateSync(join(store, 'cache', name), 10)
    const before = statSync(copy()).mtimeMs
    expect(await work('2')).toMatchObject({ code: 0, stderr: '' })
    expect(statSync(copy()).mtimeMs).toBe(before)
    // Nothing but what is shared outlives the workers.
    expect(readdirSync(scratch)).toEqual([`epd-run-${process.getuid!()}`])
    for (const name of graphs(cache)) writeFileSync(join(store, 'cache', name), readFileSync(join(cache, name)))
    await expectSameDigests()
  })

  it('takes over from a worker that was killed while it copied, and replaces what is damaged', async () => {
    mkdirSync(join(shared, 'files'), { recursive: true })
    const gone = { machine: 'another', pid: 1, began: '1' }
    writeFileSync(`${copy()}.lock`, JSON.stringify(gone))
    expect(await work('0')).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(`${copy()}.lock`)).toBe(false)
    writeFileSync(copy(), Buffer.alloc(readFileSync(LARGER).length))
    expect(await work('1')).toMatchObject({ code: 0, stderr: '' })
    expect(readFileSync(copy()).equals(readFileSync(LARGER))).toBe(true)
  })

  it('is refused by name where its variable is not set, or its folder cannot be made', async () => {
    const unset = await work('0', '$EPD_NOWHERE/a')
    expect(unset.code).toBe(2)
    expect(unset.stderr).toBe(
      'epd-run: --scratch: $EPD_NOWHERE/a: the variable EPD_NOWHERE is not set on this machine\n'
    )
    const wrong = await work('0', '/dev/null/a')
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('/dev/null/a: a part of its path is a file')
  })
})
