import { describe, expect, it } from 'vitest'
import { distill, type DistillOptions, type DistillState } from '../../src/distill/distill.js'
import { tableCoordinates } from '../../src/distill/table-coordinates.js'
import { withPoints } from '../../src/distill/table-start.js'
import { pick } from '../../src/distill/trajectories.js'
import { isTable } from '../../src/solvers/learned.js'
import { inconsistency, tableRows, type Table } from '../../src/solvers/table.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { solve } from '../../src/solvers/solve.js'
import { counting } from '../support/counting.js'
import { mixture } from '../support/mixture.js'
import { sigmas, taught } from './trajectories.js'

const training = await taught(1, 128)
const validation = await taught(200, 128)
const unseen = await taught(1000, 128)
const start = tableOf({ name: 'ipndm', maxOrder: 3 }, sigmas)
const student = { name: 'bns', start } as const
const common = { model: mixture, student, sigmas, teacher: training, validation } satisfies DistillOptions

const countsOf = ({ layers }: Pick<Table, 'layers'>) => layers.map(layer => layer.length)

async function walked(table: Table, from: typeof unseen) {
  const solver = { name: 'table', layers: countsOf(table), table } as const
  return solve({ model: mixture, solver, x: from.states[0], sigmas: Float64Array.of(...table.sigmas) })
}

/** How far a table leads from the teacher, root mean square. */
async function errorOf(table: Table, from = unseen) {
  const { x } = await walked(table, from)
  const target = from.states[from.states.length - 1]
  return Math.sqrt(x.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / x.length)
}

async function learned(options: Partial<DistillOptions>) {
  const found = await distill({ ...common, ...options })
  if (!isTable(found.learned)) throw new Error('it is no table')
  return { ...found, learned: found.learned }
}

/** The loss of each trajectory at the table that a state has come to. */
function lossesOf(state: DistillState): readonly number[] | undefined {
  const each: unknown = 'each' in state ? state.each : undefined
  return Array.isArray(each) ? each.filter(loss => typeof loss === 'number') : undefined
}

/** The losses of the validation trajectories with the table that has done best on them. */
function leastOf(state: DistillState): readonly number[] {
  const best: unknown = 'best' in state ? state.best : undefined
  const least: unknown = typeof best === 'object' && best !== null && 'least' in best ? best.least : undefined
  return Array.isArray(least) ? least.filter(loss => typeof loss === 'number') : []
}

function meanLog(losses: readonly number[]): number {
  return losses.reduce((sum, loss) => sum + Math.log(loss), 0) / losses.length
}

describe('a table that is learned', () => {
  it('follows its teacher better than its start does, and than EPD with as many evaluations in line', async () => {
    const { learned: table, loss } = await learned({})
    expect(Math.sqrt(loss)).toBeCloseTo(await errorOf(table, training), 10)
    expect(await errorOf(table)).toBeLessThan(0.5 * (await errorOf(start)))
  })

  it('lowers the sum of the logarithms of its losses with every move that it accepts', async () => {
    const all: (readonly number[] | undefined)[] = []
    await learned({ onIteration: (_, state) => void all.push(lossesOf(state)) })
    // A phase ends with a state that has none.
    const moves = all.slice(1).flatMap((after, i) => {
      const before = all[i]
      return before && after ? [{ before, after }] : []
    })
    for (const { before, after } of moves) {
      const median = [...before].sort((a, b) => a - b)[before.length / 2]
      const sum = (losses: readonly number[]) =>
        losses.reduce((whole, loss) => whole + Math.log1p(loss / (4 * median)), 0)
      expect(sum(after)).toBeLessThan(sum(before))
    }
    expect(moves.length).toBeGreaterThan(3)
  })

  it('shortens a move until it lowers the loss, however little was damped before', async () => {
    const states: DistillState[] = []
    await learned({ onIteration: (_, state) => void states.push(state) })
    const next = async (state: DistillState) => {
      const resume = { ...state, damping: 1e-7 } as DistillState
      return (await learned({ resume })).history.find(row => row.iteration === state.iteration + 1)
    }
    const moves = await Promise.all(states.slice(1, 3).map(next))
    for (const move of moves) expect(move?.accepted).toBe(true)
  })

  it('leaves the few trajectories that it begins with once two iterations have not lowered the validation losses', async () => {
    const least: (readonly number[])[] = []
    const { history } = await learned({
      teacher: pick(training, [...Array(16).keys()]),
      validation: pick(validation, [...Array(32).keys()]),
      onIteration: (_, state) => void least.push(leastOf(state))
    })
    const few = history.filter(row => row.tablePhase === 'few').length
    const changes = least.slice(1, few).map((losses, i) => meanLog(losses) - meanLog(least[i]))
    expect(changes.slice(-3)).toEqual([expect.toSatisfy((change: number) => change < 0), 0, 0])
    expect(Math.max(...changes)).toBe(0)
    expect(history.length).toBeGreaterThan(few)
  })

  it('is never worse than its start where it was validated', async () => {
    const few = { ...training, seeds: [1], states: training.states.map(state => state.slice(0, 12)) }
    const { learned: table } = await learned({ teacher: few })
    expect(await errorOf(table, validation)).toBeLessThanOrEqual(await errorOf(start, validation))
  })

  it('takes more points where they change nothing, and learns them from there', async () => {
    const teacher = await taught(1, 256)
    const one = await learned({ teacher })
    const two = await learned({ teacher, student: { ...student, points: 2 } })
    expect(countsOf(two.learned)).toEqual([1, 2, 2])
    expect(two.validationLoss).toBeLessThan(one.validationLoss ?? 0)
    const { evaluations, nfe } = await walked(two.learned, unseen)
    expect([nfe, evaluations]).toEqual([3, 5])
  })

  it('keeps added points only where validation tells for them', async () => {
    const few = pick(training, [...Array(24).keys()])
    const { history, validationLoss } = await learned({ teacher: few, student: { ...student, points: 2 } })
    const before = history.filter(row => row.tablePhase !== 'points').map(row => row.validationLoss ?? Infinity)
    expect(history.some(row => row.tablePhase === 'points')).toBe(true)
    expect(before.filter(loss => loss >= (validationLoss ?? Infinity))).toContain(before.at(-1))
  })

  it('starts from the table of another', async () => {
    const one = await learned({})
    const on = await learned({ student: { name: 'bns', start: one.learned, points: 2 } })
    expect(on.validationLoss).toBeLessThanOrEqual(one.validationLoss ?? 0)
  })

  it.each(['weights', 'weights+told', 'times', 'weights+times'] as const)(
    'keeps an image that every answer is where %s alone are free',
    async free => {
      const { learned: table, loss } = await learned({ student: { ...student, free } })
      expect(inconsistency(table)).toBeLessThan(1e-9)
      expect(Math.sqrt(loss)).toBeLessThan(await errorOf(start, training))
      const told = tableRows(table).map(({ sigma }) => sigma)
      const before = tableRows(start).map(({ sigma }) => sigma)
      if (free === 'weights') expect(told).toEqual(before)
      else expect(told.slice(1)).not.toEqual(before.slice(1))
    }
  )

  it('has fewer numbers to learn where not all are free', () => {
    const counts = [1, 2, 2]
    const numbers = (free: Parameters<typeof tableCoordinates>[1]) => tableCoordinates(counts, free).length
    expect(numbers('all')).toBe(2 + 2 * (2 + 1) + 2 * (2 + 3))
    expect(numbers('weights')).toBe(2 * 1 + 2 * 3)
    expect(numbers('weights+told')).toBe(5 + 2 * 1 + 2 * 3)
    expect(numbers('times')).toBe(4)
    expect(numbers('weights+times')).toBe(4 + 8)
  })

  it('goes on from any of its iterations to the same bits', async () => {
    const states: string[] = []
    const options = {
      student: { ...student, points: 2 },
      optimizer: { name: 'levenberg-marquardt', finalIterations: 3 }
    } as const
    const whole = await learned({ ...options, onIteration: (_, state) => void states.push(JSON.stringify(state)) })
    expect(states.length).toBeGreaterThan(4)
    for (const state of states) {
      const resumed = await learned({ ...options, resume: JSON.parse(state) as DistillState })
      expect(resumed.learned).toEqual(whole.learned)
      expect([resumed.loss, resumed.validationLoss, resumed.evaluations]).toEqual([
        whole.loss,
        whole.validationLoss,
        whole.evaluations
      ])
    }
  })

  it('counts every evaluation of a sample', async () => {
    const model = counting(mixture)
    const optimizer = { name: 'levenberg-marquardt', finalIterations: 2 } as const
    const found = await learned({ model, student: { ...student, points: 2 }, optimizer })
    expect(found.evaluations).toBe(model.asked())
  })

  it('compares through a view, with the factors of its result among what moves', async () => {
    const view = (samples: Float64Array) => Promise.resolve(samples.map(value => Math.tanh(2 * value)))
    const distance = async (table: Table) => {
      const [a, b] = [await view((await walked(table, unseen)).x), await view(unseen.states[unseen.states.length - 1])]
      return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
    }
    const { learned: table, history } = await learned({ view })
    expect(history.filter(row => row.accepted).length).toBeGreaterThan(2)
    expect(await distance(table)).toBeLessThan(await distance(start))
  })

  it.each<[string, Partial<DistillOptions>, string]>([
    ['states on the way', { objective: 'every' }, 'the layers of a table are at no time points'],
    ['time points beside it', { learnSigmas: true }, 'the time points of bns are not learned'],
    [
      'fewer points than its start',
      { student: { name: 'bns', start: withPoints(start, { points: 3 }), points: 2 } },
      'the start evaluates 3 points in layer 2; points must be that or more'
    ],
    [
      'more points at once than its first layer',
      { student: { name: 'bns', start: withPoints(start, { firstPoints: 2 }) } },
      'firstPoints must be that or more'
    ]
  ])('refuses %s', async (_, options, message) => {
    await expect(distill({ ...common, ...options })).rejects.toThrow(message)
  })
})

describe('added points', () => {
  it('leave what a table does as it is, to the bit', async () => {
    const wide = withPoints(start, { points: 3, firstPoints: 2 })
    expect(countsOf(wide)).toEqual([2, 3, 3])
    expect((await walked(wide, unseen)).x).toEqual((await walked(start, unseen)).x)
    expect(inconsistency(withPoints(start, { points: 3 }))).toBeLessThan(1e-12)
  })

  it('stand at half the noise level of the point before', () => {
    const [, layer] = withPoints(start, { points: 3 }).layers
    const [first] = layer
    expect(layer.map(({ sigma }) => sigma / first.sigma)).toEqual([1, 0.5, 0.25])
    expect(layer.map(({ noise }) => noise / first.noise)).toEqual([1, 0.5, 0.25])
  })
})
