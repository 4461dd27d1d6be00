import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Comparison } from '../../../src/store/comparison.js'
import { epdRun, temporaryFolder } from '../../support/cli.js'

const folder = temporaryFolder()
const store = join(folder, 'store')
const model = fileURLToPath(new URL('../../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))

const repeated = `name: repeated
model: { checkpoint: ${model} }
matrix:
  taught: [10-11, 12-13, 14-15]
  solver:
    EPD: student
    DDIM: { name: euler, nfe: 3 }
solver: { name: epd, nfe: 3, points: 2, afs: true }
stages:
  teacher: { kind: teacher, refine: 0, substeps: 1, seeds: matrix.taught }
  student:
    kind: distill
    teacher: teacher
    validation: 20-21
    optimizer: { name: levenberg-marquardt, iterations: 1, finalIterations: 0 }
  samples: { kind: sample, solver: matrix.solver, seeds: 0-1 }
  reference: { kind: sample, solver: { name: heun, numSteps: 4 }, seeds: 0-1 }
  score: { kind: score, samples: [samples], reference: reference, metrics: [rmse] }
`

const run = (...args: string[]) => epdRun([...args, '--store', store])
const tableOver = (...args: string[]) => run('table', 'repeated', '--metric', 'rmse', '--over', 'taught', ...args)

beforeAll(async () => {
  const file = join(folder, 'repeated.yaml')
  writeFileSync(file, repeated)
  const { code, stderr } = await run(file)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

describe('epd-run table --over', () => {
  it('says as JSON the mean of each cell, its spread and how many values it is of', async () => {
    const each = await Promise.all(
      ['10-11', '12-13', '14-15'].map(async taught => {
        const { stdout } = await run('table', 'repeated', '--metric', 'rmse', '--where', `taught=${taught}`, '--json')
        return (JSON.parse(stdout) as Comparison).rows.find(({ name }) => name === 'EPD')?.cells[0]?.value ?? NaN
      })
    )
    const { stdout } = await tableOver('--json')
    const found = JSON.parse(stdout) as Comparison
    expect(found).toMatchObject({ rowsBy: 'solver', colsBy: 'nfe', over: 'taught', columns: ['3'] })
    const [[epd], [ddim]] = found.rows.map(({ cells }) => cells)
    const mean = each.reduce((sum, value) => sum + value, 0) / 3
    expect(epd?.count).toBe(3)
    expect(epd?.value).toBeCloseTo(mean, 12)
    expect(epd?.spread).toBeCloseTo(Math.sqrt(each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2), 12)
    expect(epd?.spread).toBeGreaterThan(0)
    expect(ddim).toMatchObject({ count: 1 })
    expect(ddim).not.toHaveProperty('spread')
  })

  it('prints the spread behind its mean, to the same place, as text, Markdown and LaTeX', async () => {
    const [text, markdown, latex] = await Promise.all(
      ['text', 'markdown', 'latex'].map(async format => (await tableOver('--format', format)).stdout)
    )
    expect(text).toMatch(/^EPD +(\d+\.(\d+)) ±0\.\d+[*+]$/m)
    const [, places, spread] = /^EPD +\d+\.(\d+) ±0\.(\d+)/m.exec(text) ?? []
    expect(spread).toHaveLength(places.length)
    expect(text).toMatch(/^DDIM +\d+\.\d+[*+]$/m)
    expect(markdown).toMatch(/^\| EPD \| (\*\*|<u>)\d+\.\d+ ±0\.\d+(\*\*|<\/u>) \|$/m)
    expect(latex).toMatch(/^EPD & \\(textbf|underline)\{\d+\.\d+ \$\\pm\$0\.\d+\} \\\\$/m)
  })

  it('has a column each for means, spreads and counts as CSV', async () => {
    const { stdout } = await tableOver('--format', 'csv')
    expect(stdout).toMatch(/^solver,3 mean,3 spread,3 count\nEPD,[\d.]+,[\d.e-]+,3\nDDIM,[\d.]+,,1\n$/)
  })

  it('also has columns by the evaluations of one image', async () => {
    const { stdout } = await tableOver('--cols', 'evaluations', '--format', 'csv')
    expect(stdout).toMatch(/^solver,3 mean,3 spread,3 count,5 mean,5 spread,5 count\nEPD,,,,.*,3\nDDIM,.*,1,,,\n$/)
  })

  it.each([
    [['--over', 'colour'], /samples have no colour; they have samples, solver, nfe/],
    [['--over', 'nfe'], /--over: expected a property that is neither that of rows nor that of columns, found nfe/],
    [[], /several samples have the same place in this table; choose with --where taught=10-11/],
    [
      ['--rows', 'score', '--over', 'taught'],
      /several samples have the same place in this table; choose with --where solver=EPD/
    ]
  ])('refuses %j', async (args, message) => {
    const failed = await run('table', 'repeated', '--metric', 'rmse', ...args)
    expect(failed.code).toBe(2)
    expect(failed.stderr).toMatch(message)
  })
})
