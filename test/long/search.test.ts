import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { openStore, type Store } from '../../src/store/store.js'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'

const folder = temporaryFolder()
const store = join(folder, 'store')
const model = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))
const file = join(folder, 'searched.yaml')
const TRAINING = 20
const VALIDATION = 2
const NFE = 4

writeFileSync(
  file,
  `name: searched
model: { checkpoint: ${model} }
solver: { name: ipndm, nfe: ${NFE} }
stages:
  teacher: { kind: teacher, keep: refined, refine: 2, substeps: 1, seeds: 10-29 }
  lessons: { kind: teacher, refine: 2, substeps: 1, seeds: 10-13 }
  points:
    { kind: distill, teacher: teacher, learnSigmas: true, optimizer: { name: search }, validation: 40-41 }
  fitted:
    kind: distill
    teacher: lessons
    learnSigmas: true
    startFrom: points
    optimizer: { name: levenberg-marquardt, finalIterations: 1 }
    validation: 40-41
  samples: { kind: sample, solver: fitted, seeds: 0-1 }
  raw: { kind: sample, solver: points, seeds: 0-1 }
`
)

function reading<T>(dir: string, look: (store: Store) => T): T {
  const opened = openStore(dir)
  try {
    return look(opened)
  } finally {
    opened.close()
  }
}

const keyOf = (opened: Store, name: string) =>
  opened.runStages(opened.run('searched').id).find(stage => stage.name === name)?.key ?? ''
const sigmasOf = (dir: string, name: string) =>
  reading(dir, opened => opened.predictor(keyOf(opened, name))?.sigmas ?? [])

beforeAll(async () => {
  const { code, stderr } = await epdRun([file, '--store', store])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

describe('a run that searches time points', () => {
  it('finds them among those of its teacher, and samples with them', () => {
    const [found, fitted] = [sigmasOf(store, 'points'), sigmasOf(store, 'fitted')]
    expect(found).toHaveLength(NFE + 1)
    found.slice(1).forEach((level, k) => {
      expect(level).toBeLessThan(found[k])
    })
    expect([fitted[0], fitted[NFE]]).toEqual([found[0], found[NFE]])
    const digests = (name: string) =>
      reading(store, opened => opened.artifacts(keyOf(opened, name), 'samples').map(({ digest }) => digest))
    expect(digests('samples')).toHaveLength(1)
    expect(digests('samples')).not.toEqual(digests('raw'))
  })

  it('goes on from them with the optimizer of another stage, whose loss begins there', () => {
    const loss = reading(store, opened => opened.predictor(keyOf(opened, 'points'))?.validationLoss ?? NaN)
    const fitted = reading(store, opened => opened.predictor(keyOf(opened, 'fitted'))?.validationLoss ?? NaN)
    expect(fitted).toBeLessThanOrEqual(loss * (1 + 1e-9))
  })

  it('has a row for each lot of trajectories, and costs what was foreseen', async () => {
    const rows = reading(store, opened => opened.iterations(keyOf(opened, 'points')))
    expect(rows.map(({ phase }) => phase)).toEqual(['search', 'search'])
    const points = 3 * NFE + 1
    const evaluations = TRAINING * (1 + (NFE - 1) * (points - NFE)) + NFE * (TRAINING + VALIDATION)
    expect(reading(store, opened => opened.stage(keyOf(opened, 'points'))?.evaluations)).toBe(evaluations)
    const planned = await epdRun(['run', '--dry-run', file, '--store', join(folder, 'fresh')])
    expect(planned.stdout).toMatch(new RegExp(`points .* ${evaluations}\\b`))
  })

  it('ends with the same bits where it is killed between two lots and resumed', async () => {
    const other = join(folder, 'killed')
    const onLine = (line: Line, child: { kill: (signal: 'SIGKILL') => boolean }) => {
      if (line.type === 'progress' && line.stage === 'points') child.kill('SIGKILL')
    }
    expect((await epdRun([file, '--json', '--store', other], { onLine })).code).toBe(null)
    expect((await epdRun(['resume', '--store', other])).code).toBe(0)
    expect(sigmasOf(other, 'points')).toEqual(sigmasOf(store, 'points'))
  })

  it('computes the search alone anew where a teacher keeps more states', async () => {
    const finer = await epdRun([file, '--dry-run', '--store', store, '--set', 'stages.teacher.refine=3'])
    expect(finer.stdout).toMatch(/points .*(run|compute)/)
  })
})
