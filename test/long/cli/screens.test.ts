import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { textWidth } from '../../../src/cli/text-width.js'
import { epdRun, temporaryFolder } from '../../support/cli.js'
import { onTerminal, type Screen } from '../../support/terminal.js'

const root = temporaryFolder()
const spec = join(root, 'cmp.yaml')
const model = fileURLToPath(new URL('../../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))

writeFileSync(
  spec,
  `name: cmp
model: { checkpoint: ${model} }
solver: { name: dpmpp, nfe: 2 }
stages:
  teacher: { kind: teacher, solver: { name: heun }, refine: 0, substeps: 1, seeds: 0-3 }
  student:
    kind: distill
    teacher: teacher
    learnSigmas: true
    optimizer: { name: levenberg-marquardt, finalIterations: 3 }
    validation: 1000-1001
  learned: { kind: sample, solver: student, seeds: 2000-2007 }
  plain: { kind: sample, seeds: 2000-2007 }
  reference: { kind: sample, solver: { name: heun, numSteps: 4 }, seeds: 2000-2007 }
  score: { kind: score, samples: [learned, plain], reference: reference, metrics: [psnr, rmse] }
`
)

const store = join(root, 'store')
const run = (...args: readonly string[]) => epdRun([...args, '--store', store])
const screen = (args: readonly string[], on: Screen) => onTerminal([...args, '--store', store], on)
const ids: string[] = []

beforeAll(async () => {
  for (const set of [[], ['--set', 'solver.nfe=3', '--set', 'stages.reference.seeds=2000-2005']]) {
    const { stdout, stderr } = await run(spec, '--json', ...set)
    expect(stderr).toBe('')
    ids.push((JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { run: string }).run)
  }
}, 60_000)

/** A screen without the sequences that make letters bold. */
const plain = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '')

describe('screens', () => {
  it.each([40, 80, 200])('lose no number at %d columns, and have no longer lines', async columns => {
    const wanted = JSON.parse((await run('results', ids[0], '--json')).stdout) as { rmse: number | null }[]
    for (const args of [
      ['show', ids[0]],
      ['results', ids[0]]
    ]) {
      const text = plain(await screen(args, { columns }))
      for (const { rmse } of wanted) if (rmse !== null) expect(text).toContain(String(Number(rmse.toPrecision(5))))
      for (const line of text.split('\n')) if (!line.includes('/')) expect(textWidth(line)).toBeLessThanOrEqual(columns)
    }
  })

  it('of 40 columns name each value of a result', async () => {
    const text = plain(await screen(['results', ids[0], '--where', 'samples=learned'], { columns: 40 }))
    expect(text).toMatch(
      /^samples +learned\nsolver +dpmpp\+steps\nnfe +2\nevaluations +2\nimages +8\nrmse +0\.\d+\npsnr +\d/m
    )
  })

  it('of a terminal draw what was learned, of a pipe only when asked', async () => {
    const drawn = await screen(['show', ids[0]], { columns: 80 })
    expect(drawn).toMatch(/student: time points on sigma\n80 ┼─+┼─*┼ 0\.002/)
    expect(drawn).toMatch(/^final, all steps +\d+ +[\d.]+ +[\d.]+/m)
    const piped = (await run('show', ids[0])).stdout
    expect(piped).not.toContain('┼')
    expect((await run('show', ids[0], '--plots')).stdout).toContain('┼')
    expect(await screen(['show', ids[0], '--no-plots'], { columns: 80 })).not.toContain('┼')
  })

  it.each([{ TERM: 'dumb' }, { LC_ALL: 'C', LANG: 'C' }])('are ASCII alone with %j', async env => {
    const text = await screen(['show', ids[0]], { columns: 80, env })
    expect(text).toMatch(/80 \|-+\|-*\| 0\.002/)
    expect(text).not.toMatch(/[^\n -~]/)
  })
})

describe('ls', () => {
  it('tells runs of one name apart by what was set, chooses and sorts', async () => {
    const { stdout } = await run('ls')
    expect(stdout).toMatch(/^run +state +stages +size +age +set$/m)
    expect(stdout).toMatch(new RegExp(`^${ids[1]} +finished +7/7 +[\\d.]+ kB +\\d+ s ago +solver.nfe=3 stages`, 'm'))
    const chosen = JSON.parse((await run('ls', '--where', 'set~nfe=3', '--json')).stdout) as { id: string }[]
    expect(chosen.map(({ id }) => id)).toEqual([ids[1]])
    const sorted = JSON.parse((await run('ls', '--sort', 'created', '--json')).stdout) as { id: string }[]
    expect(sorted.map(({ id }) => id)).toEqual(ids)
  })

  it('refuses a property that runs do not have', async () => {
    const { code, stderr } = await run('ls', '--where', 'sise>3')
    expect(code).toBe(2)
    expect(stderr).toMatch(/runs have no sise; they have run, .*did you mean "size"\?/)
  })
})

describe('results', () => {
  it('are those of all runs, chosen, sorted and in the columns that are asked for', async () => {
    const { stdout } = await run(
      'results',
      '--where',
      'nfe<=3',
      '--sort=-rmse',
      '--columns',
      'run,samples,nfe,rmse',
      '--csv'
    )
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map(line => line.split(','))
    expect(rows[0]).toEqual(['run', 'samples', 'nfe', 'rmse'])
    const rmse = rows.slice(1).map(row => Number(row[3]))
    expect(rmse).toHaveLength(4)
    expect(rmse).toEqual([...rmse].sort((a, b) => b - a))
  })

  it('say which run was taken where a name fits several', async () => {
    const { stdout, stderr } = await run('results', 'cmp', '--json')
    expect(stderr).toBe(
      `warning: "cmp" is taken for ${ids[1]}, the newest of 2 runs of that name; the others are ${ids[0]}\n`
    )
    expect((JSON.parse(stdout) as { run: string }[]).every(row => row.run === ids[1])).toBe(true)
  })
})

describe('compare', () => {
  it('has what differs in the specs, and tells by the seeds whether results do', async () => {
    const { stdout } = await run('compare', ids[0], ids[1])
    expect(stdout).toMatch(/^solver\.nfe +2 +3$/m)
    expect(stdout).toMatch(/^stages\.reference\.seeds +2000-2007 +2000-2005$/m)
    expect(stdout).toContain('no stage is shared')
    // Another reference measures otherwise, so that no seed is compared.
    expect(stdout).toMatch(/^plain +rmse +[\d.]+ +[\d.]+ +-?[\d.]+ +[\d.]+ +not known$/m)
    const within = await run('compare', `${ids[0]}/plain`, `${ids[0]}/learned`)
    expect(within.stdout).toMatch(/^plain and learned +rmse .* -?[\d.e-]+ ±[\d.e-]+ +(yes|no)$/m)
  })

  it.each([
    [[0, 0], '', /expected two runs or more to compare, found cmp-\w+ more than once/],
    [[0, 1], '/nobody', /has no samples "nobody"; it has learned, plain, reference/]
  ])('refuses what cannot be compared: %j', async ([a, b], stage, message) => {
    const { code, stderr } = await run('compare', ids[a], `${ids[b]}${stage}`)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(message)
  })
})

describe('a dry run', () => {
  it('has a total, and about how long that takes at the rate of earlier runs of the model', async () => {
    const { stdout } = await run('run', '--dry-run', spec, '--set', 'solver.nfe=4')
    expect(stdout).toMatch(/^total +at most [\d,]+$/m)
    expect(stdout).toMatch(/^to be computed +at most [\d,]+ +[\d.]+ s$/m)
    const told = JSON.parse((await run('run', '--dry-run', spec, '--json')).stdout) as { remaining: unknown }
    expect(told.remaining).toEqual({ evaluations: 0, atMost: false, seconds: 0 })
  })
})
