import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { predictorsIn } from '../../src/pipeline/predictors.js'
import { isPas } from '../../src/solvers/learned.js'
import { openStore } from '../../src/store/store.js'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'

const folder = temporaryFolder()
const store = join(folder, 'store')
const model = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))
const corrected = `name: corrected
model: { checkpoint: ${model} }
solver: { name: pas, base: ipndm, nfe: 4, afs: true }
stages:
  teacher: { kind: teacher, refine: 1, substeps: 1, seeds: 10-17 }
  student: { kind: distill, teacher: teacher, validation: 20-23 }
  samples: { kind: sample, solver: student, seeds: 0-3 }
  plain: { kind: sample, solver: { name: ipndm, maxOrder: 3, nfe: 4, afs: true }, seeds: 0-3 }
  reference: { kind: sample, solver: { name: heun, numSteps: 11 }, seeds: 0-3 }
  score: { kind: score, samples: [samples, plain], reference: reference, metrics: [rmse] }
`

const run = (...args: string[]) => epdRun([...args, '--store', store])

function spec(name: string, text: string): string {
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, text)
  return file
}

function samplesOf(name: string, stage: string): readonly string[] {
  const opened = openStore(store)
  try {
    const found = opened.runStages(opened.run(name).id).find(each => each.name === stage)
    return opened.artifacts(found?.key ?? '', 'samples').map(({ digest }) => digest)
  } finally {
    opened.close()
  }
}

const student = () => {
  const opened = openStore(store)
  const { id } = opened.run('corrected')
  opened.close()
  return `${id}/student`
}

beforeAll(async () => {
  const { code, stderr } = await run(spec('corrected', corrected))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

describe('a run of pas', () => {
  it('learns coordinates of each step, samples with them, and scores them', async () => {
    const record = predictorsIn(store).get(student())
    expect(record?.solver).toMatchObject({ name: 'pas', base: 'ipndm', components: 4, numSteps: 6, nfe: 4 })
    const learned = record?.learned
    if (learned === undefined || !isPas(learned)) throw new Error('no coordinates')
    expect(learned.coordinates.map(row => row.length)).toEqual([4, 4, 4, 4, 4])
    const { stdout } = await run('table', 'corrected', '--metric', 'rmse')
    expect(stdout).toMatch(/^pas on ipndm +\d/m)
  })

  it('has a row for each step that it fits, and costs what was foreseen', async () => {
    const { stdout } = await run('show', 'corrected', '--json')
    const { stages } = JSON.parse(stdout) as {
      stages: { name: string; evaluations: number; iterations: { phase: string; step: number }[] }[]
    }
    const found = stages.find(({ name }) => name === 'student')
    expect(found?.iterations.map(({ phase, step }) => `${phase} ${step}`)).toEqual(
      [0, 1, 2, 3, 4].map(step => `step ${step}`)
    )
    expect(found?.evaluations).toBe(4 * (8 + 4))
    const fresh = ['--store', join(folder, 'fresh')]
    const planned = await epdRun(['run', '--dry-run', spec('corrected', corrected), ...fresh])
    expect(planned.stdout).toMatch(/student.* 48 /)
  })

  it.each(['json', 'safetensors'])('is the same once it was exported and imported as %s', async extension => {
    const file = join(folder, `student.${extension}`)
    expect(await run('export', student(), '--out', file)).toMatchObject({ code: 0, stderr: '' })
    expect((await run('import', file, '--name', extension)).stdout).toContain(
      `solver: { from: "predictor:${extension}" }`
    )
    const source = predictorsIn(store)
    expect(source.get(extension)).toEqual({ ...source.get(student()), name: extension })
    const using = `name: using-${extension}\nmodel: { checkpoint: ${model} }\nsolver: { from: "predictor:${extension}" }\nstages: { samples: { kind: sample, seeds: 0-3 } }\n`
    expect((await run(spec(`using-${extension}`, using))).code).toBe(0)
    expect(samplesOf(`using-${extension}`, 'samples')).toEqual(samplesOf('corrected', 'samples'))
  })

  it('ends with the same bits where it is killed between two steps and resumed', async () => {
    const other = ['--store', join(folder, 'killed')]
    let lines = 0
    const onLine = (line: Line, child: { kill: (signal: 'SIGKILL') => boolean }) => {
      if (line.type === 'progress' && line.stage === 'student' && ++lines === 2) child.kill('SIGKILL')
    }
    const file = spec('corrected', corrected)
    expect((await epdRun([file, '--json', ...other], { onLine })).code).toBe(null)
    expect((await epdRun(['resume', ...other])).code).toBe(0)
    const opened = openStore(join(folder, 'killed'))
    const { id } = opened.run('corrected')
    opened.close()
    expect(predictorsIn(join(folder, 'killed')).get(`${id}/student`)?.learned).toEqual(
      predictorsIn(store).get(student())?.learned
    )
  })

  it('on other time points is refused, or has the coordinates of the nearest steps with --allow-mismatch', async () => {
    const longer = `name: longer\nmodel: { checkpoint: ${model} }\nsolver: { from: "predictor:${student()}", nfe: 9 }\nstages: { samples: { kind: sample, seeds: 0-3 } }\n`
    const file = spec('longer', longer)
    expect((await run('validate', file)).stderr).toMatch(/expected the time points that predictor .* was distilled for/)
    const allowed = await run(file, '--allow-mismatch')
    expect(allowed.code).toBe(0)
    expect(allowed.stdout).toMatch(/samples +pas on ipndm +9 +9 +4/)
  })
})
