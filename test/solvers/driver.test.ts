import { describe, expect, it } from 'vitest'
import { drive, type Tape } from '../../src/solvers/driver.js'
import { start, type SolverOptions } from '../../src/solvers/options.js'
import { schedule } from '../../src/solvers/schedule.js'
import { mixture } from '../support/mixture.js'

const sigmas = schedule({ type: 'polynomial', rho: 7, numSteps: 4, sigmaMin: 0.002, sigmaMax: 80 })
const x = Float64Array.from({ length: 36 }, (_, i) => 80 * Math.sin(1 + i * i))
const problem = () => ({ x, samples: 1, sigmas })

/** EPD with two points in three steps, the raw r of one point of one step moved. */
function epd(step: number, by: number, table: 'r' | 'scaleDir' | 'weight' = 'r'): SolverOptions {
  const moved = { r: zeros(), weight: zeros(), scaleDir: zeros(), scaleTime: zeros() }
  moved.r = moved.r.map(() => [0.3, -0.4])
  moved[table][step][0] += by
  return { name: 'epd', predictor: { ...moved, ranges: { scaleDir: 0.05, scaleTime: 0.05 } } }
}
const zeros = () => [0, 1, 2].map(() => [0, 0])

describe('drive', () => {
  it('answers from the tape whatever a changed parameter does not touch', async () => {
    const record: Tape = []
    const [base] = await drive([{ run: start(epd(0, 0), problem()), record }], { model: mixture })
    expect(base.evaluations).toBe(3 * 9)
    expect(record.length).toBe(6)
    const cost = async (solver: SolverOptions) => {
      const [outcome] = await drive([{ run: start(solver, problem()), replay: record }], { model: mixture })
      return { samples: outcome.evaluations / 3, nfe: outcome.nfe }
    }
    expect(await cost(epd(0, 0))).toEqual({ samples: 0, nfe: 6 })
    expect(await cost(epd(2, 0.1))).toEqual({ samples: 1, nfe: 6 })
    expect(await cost(epd(1, 0.1))).toEqual({ samples: 1 + 3, nfe: 6 })
    expect(await cost(epd(2, 0.1, 'scaleDir'))).toEqual({ samples: 0, nfe: 6 })
    expect(await cost(epd(0, 0.1, 'weight'))).toEqual({ samples: 3 + 3, nfe: 6 })
  })

  it('gives a replayed run the bits of one that evaluates everything', async () => {
    const record: Tape = []
    await drive([{ run: start(epd(0, 0), problem()), record }], { model: mixture })
    const solver = epd(1, 0.1)
    const [replayed] = await drive([{ run: start(solver, problem()), replay: record }], { model: mixture })
    const [fresh] = await drive([{ run: start(solver, problem()) }], { model: mixture })
    expect(replayed.x).toEqual(fresh.x)
    expect(fresh.evaluations).toBe(27)
  })

  it('drives different solvers side by side as if each were alone', async () => {
    const solvers: SolverOptions[] = [{ name: 'heun' }, { name: 'euler', afs: true }, epd(0, 0), { name: 'ipndm' }]
    const together = await drive(
      solvers.map(solver => ({ run: start(solver, problem()) })),
      { model: mixture, batchSize: 5 }
    )
    for (const [i, solver] of solvers.entries()) {
      const [alone] = await drive([{ run: start(solver, problem()) }], { model: mixture })
      expect(together[i]).toEqual(alone)
    }
  })

  it('takes one sigma a sample', async () => {
    const each = Float64Array.of(1, 2, 3)
    const [outcome] = await drive(
      [
        {
          run: (function* () {
            const [{ denoised }] = yield [{ x, sigma: each }]
            return denoised
          })()
        }
      ],
      { model: mixture, batchSize: 2 }
    )
    expect(outcome.x).toEqual(await mixture.denoise(x, each))
  })

  it('counts guidance as two evaluations', async () => {
    const guided = { ...mixture, nfeFactor: 2 }
    const [outcome] = await drive([{ run: start({ name: 'euler' }, problem()) }], { model: guided })
    expect(outcome).toMatchObject({ nfe: 6, evaluations: 18 })
  })
})
