import { copyFileSync, appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../../support/cli.js'

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url))

/** A spec beside a plugin, which teaches, samples and is the student of learned time points. */
function specIn(folder: string, plugins = '[./ab2.js]', options = 'share: 1'): string {
  const file = join(folder, 'plugged.yaml')
  copyFileSync(join(fixtures, 'plugins', 'ab2.js'), join(folder, 'ab2.js'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    file,
    `name: plugged
plugins: ${plugins}
model: { checkpoint: ${join(fixtures, 'edm', 'ddpmpp-uncond.pkl')} }
solver: { name: ab2, nfe: 4, ${options} }
stages:
  teacher: { kind: teacher, solver: { name: ab2 }, refine: 1, substeps: 1, seeds: 0-3 }
  student:
    kind: distill
    teacher: teacher
    learnSigmas: true
    optimizer: { name: levenberg-marquardt, finalIterations: 1 }
    validation: 10-11
  samples: { kind: sample, seeds: 20-21 }
  learned: { kind: sample, solver: student, seeds: 20-21 }
  euler: { kind: sample, solver: { name: euler, nfe: 4 }, seeds: 20-21 }
`
  )
  return file
}

interface DryRun {
  readonly stages: readonly {
    readonly stage: string
    readonly state: string
    readonly what: string
    readonly evaluations: number
  }[]
}

describe('plugins', () => {
  it('bring a solver that is planned, taught by, sampled with and distilled', async () => {
    const folder = temporaryFolder()
    const spec = specIn(folder)
    const done = await epdRun(['run', spec], { cwd: folder })
    expect(done.code, done.stderr).toBe(0)
    const planned = async () =>
      (JSON.parse((await epdRun(['run', spec, '--dry-run', '--json'], { cwd: folder })).stdout) as DryRun).stages
    const before = await planned()
    expect(before.map(({ state }) => state)).toEqual(before.map(() => 'in the store'))
    expect(before.find(({ stage }) => stage === 'samples')).toMatchObject({
      evaluations: 8,
      what: expect.stringContaining('ab2 at 4 NFE') as unknown
    })
    // Another content of the module is another solver, for the stages that it solves.
    appendFileSync(join(folder, 'ab2.js'), '// changed\n')
    const after = await planned()
    expect(after.flatMap(({ stage, state }) => (state === 'in the store' ? stage : []))).toEqual(['euler'])
    expect((await epdRun(['predictors'], { cwd: folder })).code).toBe(0)
  })

  it.each([
    [
      '[./none.js]',
      'share: 1',
      /plugged\.yaml:2:11: plugins\.0: expected a module that can be imported, found .*none\.js/
    ],
    [
      '[./broken.js]',
      'share: 1',
      /plugged\.yaml:2:11: plugins\.0: expected a module that exports a solver, .* title: expected/
    ],
    [
      '[./heun.js]',
      'share: 1',
      /plugged\.yaml:2:11: plugins\.0: expected a solver with a name of its own, found "heun" again/
    ],
    [
      '[./odd.js]',
      'share: 1',
      /plugged\.yaml:2:11: plugins\.0: expected a module that can be imported, .*schema is invalid/
    ],
    ['[7]', 'share: 1', /plugged\.yaml:2:11: plugins\.0: expected a path from the spec's folder/],
    ['[./ab2.js]', 'share: 2', /plugged\.yaml:4:\d+: solver\.share: expected a number from 0 to 1, found 2/]
  ])('are refused before anything runs: plugins %s with %s', async (plugins, options, message) => {
    const folder = temporaryFolder()
    const spec = specIn(folder, plugins, options)
    const variant = (file: string, change: string) => {
      writeFileSync(join(folder, file), `import ab2 from './ab2.js'\nexport const solver = { ...ab2, ${change} }\n`)
    }
    variant('broken.js', 'title: 7')
    variant('heun.js', "name: 'heun'")
    variant('odd.js', "options: { share: { description: 'A share.', type: 'numeral' } }")
    const { code, stderr } = await epdRun(['validate', spec], { cwd: folder })
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })
})
