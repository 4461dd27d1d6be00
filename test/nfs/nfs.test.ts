import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { epdRun, main, temporaryFolder } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { MOUNTED, openLaboratory, type Laboratory, type Machine } from './machines.js'

/** A model that takes a while for each batch, whatever its size, and nothing of the processor. */
const MODEL = `const size = 12
let bytes = Buffer.alloc(0)
process.stdin.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk])
  const batch = bytes.length < 8 ? Infinity : bytes.readUInt32LE(0)
  const start = 8 + 4 * batch
  if (bytes.length < start + 4 * size * batch) return
  const answer = new Float32Array(size * batch)
  for (let i = 0; i < answer.length; i++) {
    const sigma = bytes.readFloatLE(8 + 4 * Math.floor(i / size))
    answer[i] = Math.max(-1, Math.min(1, bytes.readFloatLE(start + 4 * i) / (1 + sigma ** 2)))
  }
  bytes = Buffer.alloc(0)
  setTimeout(() => process.stdout.write(Buffer.from(answer.buffer)), 200)
})
process.stdin.on('end', () => process.exit(0))
`

const SPEC = `name: shared
model: { command: [${process.execPath}, model.mjs], version: '1', shape: [3, 2, 2], predicts: x0, noise: { type: sigma, told: sigma, sigmaMin: 0.01, sigmaMax: 50 } }
solver: { name: euler, nfe: 3 }
stages:
  many: { kind: sample, seeds: 0-319, batch: 16 }
  finer: { kind: sample, solver: { name: euler, nfe: 5 }, seeds: 0-127, batch: 16 }
  score: { kind: score, samples: [many], reference: finer, metrics: [rmse] }
`

const epd = `${process.execPath} ${main}`
const whole = temporaryFolder()
let laboratory: Laboratory
let one: Machine
let other: Machine

beforeAll(async () => {
  laboratory = await openLaboratory()
  const work = join(laboratory.exported, 'work')
  mkdirSync(work)
  writeFileSync(join(work, 'model.mjs'), MODEL)
  writeFileSync(join(work, 'spec.yaml'), SPEC)
  expect(await epdRun(['run', join(work, 'spec.yaml'), '--store', whole])).toMatchObject({ code: 0 })
  ;[one, other] = await Promise.all([laboratory.startMachine('one'), laboratory.startMachine('other')])
})

afterAll(() => laboratory.stop())

/** Runs epd-run on a machine, in the folder of the spec, with a store on the server. */
function on(machine: Machine, command: string, store: string): ReturnType<Machine['run']> {
  return machine.run(`cd ${MOUNTED}/work && ${epd} ${command} --store ${MOUNTED}/${store}`)
}

/** What the server has of a store. */
const served = (store: string) => outcome(join(laboratory.exported, store))

/** Resolves once the server has files that a stage has made. */
async function begun(store: string): Promise<void> {
  while (!existsSync(join(laboratory.exported, store, 'objects'))) await sleep(200)
}

describe('a store on NFS', () => {
  it('has what one on a local file system has, and says that it is there', async () => {
    const { code, said } = await on(one, 'run spec.yaml', 'alone')
    expect(said).toContain('is on NFS: one process at a time writes into the database')
    expect(code).toBe(0)
    expect(served('alone')).toEqual(outcome(whole))
  })

  it('is shared by two machines that run the same spec at once', async () => {
    const both = await Promise.all([one, other].map(machine => on(machine, 'run spec.yaml', 'both')))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    // Each of the three stages is computed by one of them, and found by the other.
    expect(both.flatMap(({ said }) => said.match(/\(in the store\)/g) ?? [])).toHaveLength(3)
    expect(served('both')).toEqual(outcome(whole))
  })

  it('has its workers on another machine', async () => {
    const folder = join(laboratory.exported, 'workers')
    mkdirSync(folder)
    for (const name of ['model.mjs', 'spec.yaml'])
      copyFileSync(join(laboratory.exported, 'work', name), join(folder, name))
    const command = `${other.remotely} ${epd} work {order} --shards {shards} --with-parent`
    const execution = { executor: 'template', jobs: 1, command }
    writeFileSync(join(folder, 'epd-run.config.yaml'), JSON.stringify({ execution }))
    const { code } = await one.run(`cd ${MOUNTED}/workers && ${epd} run spec.yaml --store ${MOUNTED}/remote`)
    expect(code).toBe(0)
    expect(served('remote')).toEqual(outcome(whole))
  })

  it('is gone on with while its server is killed and comes back', async () => {
    const run = on(one, 'run spec.yaml', 'served')
    await begun('served')
    await laboratory.killServer()
    await laboratory.startServer()
    expect((await run).code).toBe(0)
    expect(served('served')).toEqual(outcome(whole))
  })

  it('is gone on with from another machine where one has lost its power', async () => {
    const run = on(other, 'run spec.yaml', 'lost')
    await begun('lost')
    other.cut()
    expect((await run).code).not.toBe(0)
    expect((await on(one, 'resume', 'lost')).code).toBe(0)
    expect(served('lost')).toEqual(outcome(whole))
  })
})
