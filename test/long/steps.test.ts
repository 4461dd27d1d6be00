import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.js'
import { epdRun, temporaryFolder } from '../support/cli.js'

/**
 * A network that looks its step up in a table of 1,000: any other ends it. `epsi.onnx` takes whole steps as numbers of
 * 64 bits.
 */
const fixture = fileURLToPath(new URL('../fixtures/steps-onnx', import.meta.url))

describe('a network that knows the steps of its chain alone', () => {
  it.each([
    [],
    ['solver.scaleTime=0'],
    ['model.onnx=epsi.onnx'],
    ['model.onnx=epsi.onnx', 'solver.scaleTime=0'],
    ['model.noise.rounding=nearest', 'stages.student.optimizer={ name: adam, trajectories: 32, batch: 16 }'],
    ['solver.schedule={ type: explicit, timesteps: [999, 250.5, 0], finalSigma: zero }', 'solver.nfe=5'],
    [
      'solver={ name: unipc, nfe: 3, schedule: { type: discrete, finalSigma: zero } }',
      'stages.student.learnSigmas=true'
    ]
  ])('is distilled and sampled: %j %j', async (...set) => {
    const folder = temporaryFolder()
    cpSync(fixture, folder, { recursive: true })
    const flags = set.flatMap(each => ['--set', each])
    const { code, stderr } = await epdRun(['run', 'eps.yaml', '--store', 'runs', '--json', ...flags], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const store = openStore(join(folder, 'runs'))
    const { rows } = store.query("SELECT params FROM stages WHERE kind = 'sample'")
    store.close()
    expect(String(rows[0][0])).toMatch(/"sigmaMax":14\.61464|"sigmas":\[14\.61464/)
  })

  it('is not asked beyond them, and the right ends are named', async () => {
    const folder = temporaryFolder()
    cpSync(fixture, folder, { recursive: true })
    const set = ['--set', 'solver.schedule={ type: time_uniform, sigmaMin: 0.002, sigmaMax: 80 }']
    const { code, stderr } = await epdRun(['run', 'eps.yaml', '--store', 'runs', ...set], { cwd: folder })
    expect(code).not.toBe(0)
    expect(stderr).toContain('the model was trained from 14.6146 to 0.0291672; leave the schedule')
  })
})
