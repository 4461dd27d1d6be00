import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { encodeJson } from '../../src/predictors/file.js'
import { parseRecord } from '../../src/predictors/record.js'
import { tableSolver } from '../../src/predictors/table-record.js'
import { schedule } from '../../src/solvers/schedule.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { epdRun, temporaryFolder } from '../support/cli.js'

const fixture = fileURLToPath(new URL('../fixtures/steps-onnx', import.meta.url))

/** The network of eps.onnx taken as a flow's, which is told t times 999. */
const spec = (last: number, solver: string) => `name: flow
model: { onnx: eps.onnx, inputs: { x: sample, noise: timestep }, predicts: flow, noise: { type: flow, times: 999, last: ${last} } }
solver: ${solver}
stages:
  a: { kind: sample, seeds: 0-3 }
`
const FLOWMATCH = 'schedule: { type: flowmatch, shift: 3, shifted: twice, finalSigma: zero }'

function inFolder(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder()
  cpSync(fixture, folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

describe('a flow that knows t = 1', () => {
  it.each([
    `{ name: heun, coordinates: flow, numSteps: 4, ${FLOWMATCH} }`,
    '{ name: ipndm, coordinates: flow, schedule: { type: explicit, times: [1, 0.7, 0.4, 0] } }',
    '{ name: euler, coordinates: flow, schedule: { type: explicit, timesteps: [999, 500, 100], finalSigma: zero } }'
  ])('is sampled from noise alone: %s', async solver => {
    const folder = inFolder({ 'flow.yaml': spec(1, solver) })
    const { code, stderr } = await epdRun(['run', 'flow.yaml', '--store', 'runs', '--json'], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('is sampled with an imported table that begins at infinite noise', async () => {
    const sigmas = schedule({ type: 'flowmatch', shift: 3, numSteps: 4 })
    const table = tableOf({ name: 'dpm2', coordinates: 'flow' }, sigmas)
    const record = parseRecord({ name: 'mine', solver: tableSolver(table), learned: table, model: {} }, 'test')
    const used = "{ from: 'predictor:mine' }"
    const folder = inFolder({ 'mine.json': encodeJson(record), 'flow.yaml': spec(1, used) })
    const run = (...args: string[]) => epdRun([...args, '--store', 'runs', '--json'], { cwd: folder })
    const first = await run('import', 'mine.json')
    expect(JSON.parse(first.stdout)).toMatchObject({ learned: { sigmas: ['Infinity', sigmas[3]] } })
    // What is known already is no other.
    expect((await run('import', 'mine.json')).code).toBe(0)
    const { code, stderr } = await run('run', 'flow.yaml')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it.each([
    [
      1,
      `{ name: heun, numSteps: 4, ${FLOWMATCH} }`,
      'expected coordinates: flow, in which alone a solver begins at infinite'
    ],
    [
      1,
      `{ name: heun, afs: true, coordinates: flow, numSteps: 4, ${FLOWMATCH} }`,
      'solver.afs: expected another one with'
    ],
    [
      1,
      `{ name: dpmpp, coordinates: flow, numSteps: 4, ${FLOWMATCH} }`,
      'solver.coordinates: expected one of the keys'
    ],
    [1, '{ name: heun, coordinates: flow, numSteps: 4, schedule: { type: flowmatch, shift: 3, mu: 1 } }', 'found both'],
    [
      0.9,
      `{ name: heun, coordinates: flow, numSteps: 4, ${FLOWMATCH} }`,
      'which the model is not told of: its last noise level is 9'
    ]
  ])('is refused by name where t may end at %d with %s', async (last, solver, message) => {
    const folder = inFolder({ 'flow.yaml': spec(last, solver) })
    const { code, stderr } = await epdRun(['run', 'flow.yaml', '--store', 'runs'], { cwd: folder })
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
  })
})

describe('import of lists', () => {
  it('takes a solver and what is listed as options, and says which are missing', async () => {
    const folder = inFolder({ 'list.txt': '999, 500, 100, 0\n' })
    const run = (...args: string[]) => epdRun(['import', 'list.txt', '--store', 'runs', ...args], { cwd: folder })
    expect((await run()).stderr).toContain('say which with --lists')
    expect((await run('--lists', 'timesteps')).stderr).toContain('name it with --solver')
    const { code, stdout } = await run('--lists', 'timesteps', '--solver', '{ name: dpmpp, maxOrder: 2 }')
    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(stdout).toContain('list: dpmpp at 3 NFE, 4 explicit timesteps 999, 500, 100, 0')
  })
})
