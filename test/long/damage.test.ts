import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from '../../src/store/sqlite.js'
import { openStore } from '../../src/store/store.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { epdRun, smallSpec, temporaryFolder } from '../support/cli.js'

const spec = smallSpec()
const clean = join(temporaryFolder(), 'store')

function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1] ^= 1
  writeFileSync(path, bytes)
}

/** All that runs have left in a store but times. */
function results(dir: string): unknown {
  const queries = [
    'SELECT stage_key, name, position, digest FROM artifacts ORDER BY 1, 2, 3',
    'SELECT stage_key, samples_key, name, value FROM metrics ORDER BY 1, 2, 3',
    'SELECT stage_key, predictor, sigmas, loss FROM predictors ORDER BY 1'
  ]
  const store = openStore(dir)
  try {
    return queries.map(sql => store.query(sql).rows)
  } finally {
    store.close()
  }
}

const warnings = (stderr: string) => stderr.split('\n').filter(line => line.startsWith('warning: '))

async function run(store: string, ...options: string[]): Promise<readonly string[]> {
  const { code, stderr } = await epdRun(['run', spec, '--store', store, ...options])
  expect(code, stderr).toBe(0)
  return warnings(stderr)
}

/** A copy of the clean store. */
function copied(): string {
  const store = join(temporaryFolder(), 'store')
  cpSync(clean, store, { recursive: true })
  return store
}

describe('a damaged store', () => {
  const more = ['--set', 'stages.student.optimizer.finalIterations=2']

  beforeAll(async () => {
    expect(await run(clean)).toEqual([])
  }, 60_000)

  it('whose compiled graph has a flipped bit gives the same results, and a word once', async () => {
    const store = join(temporaryFolder(), 'store')
    cpSync(join(clean, 'cache'), join(store, 'cache'), { recursive: true })
    const [name] = readdirSync(join(store, 'cache')).filter(file => file.endsWith('.onnx'))
    flip(join(store, 'cache', name))
    const said = `warning: ${join(store, 'cache', name)} has changed since it was written; it is compiled again`
    expect(await run(store)).toEqual([said])
    expect(results(store)).toEqual(results(clean))
    expect(await run(store)).toEqual([])
  })

  it('whose stored file has a flipped bit that a later stage reads has its stage computed again, and a word once', async () => {
    const store = copied()
    const { stdout } = await epdRun([
      ...['query', '--json', '--store', store],
      "SELECT digest FROM artifacts JOIN run_stages USING (stage_key) WHERE run_stages.name = 'lessons'"
    ])
    const digest = /[0-9a-f]{64}/.exec(stdout)?.[0] ?? ''
    const path = join(store, 'objects', digest.slice(0, 2), `${digest}.npy`)
    flip(path)
    expect(await run(store, ...more)).toEqual([
      `warning: ${path} is missing or has changed since it was written; computed again: lessons`
    ])
    const undamaged = copied()
    await run(undamaged, ...more)
    expect(results(store)).toEqual(results(undamaged))
  })

  it('whose predictor was changed is refused, until it is computed again', async () => {
    const store = copied()
    const database = openDatabase(join(store, 'store.sqlite'))
    const { predictor } = database.prepare('SELECT predictor FROM predictors').get() as { predictor: string }
    database
      .prepare('UPDATE predictors SET predictor = ?')
      .run(predictor.replace(/(\d)(?=\D*$)/, digit => String(9 - Number(digit))))
    database.close()
    for (const args of [['show', 'small'], ['predictors'], ['query', 'SELECT * FROM predictors']]) {
      const { code, stderr } = await epdRun([...args, '--store', store])
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^epd-run: .*: the predictor of stage \w{12} is not what was written; run its experiment again.*\n$/
      )
    }
    expect(await run(store)).toEqual([
      expect.stringMatching(
        /^warning: the predictor of stage \w{12} is missing or has changed .*; computed again: student$/
      )
    ])
    expect(results(store)).toEqual(results(clean))
  })
})
