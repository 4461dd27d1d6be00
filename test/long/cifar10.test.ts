import { expect, it } from 'vitest'
import { openStore } from '../../src/store/store.js'
import { epdRun, temporaryFolder } from '../support/cli.js'
import { writeCifar10 } from '../support/stand-ins.js'

/** Two seeds of everything. */
const FEW = [
  ...['teacher.seeds=0-1', 'teacher.refine=1', 'student.validation=10', 'student.optimizer.iterations=1'],
  ...['samples.seeds=0-1', 'euler.seeds=0-1', 'reference.seeds=0-1', 'reference.solver.numSteps=3']
].flatMap(set => ['--set', `stages.${set}`])

it('specs/cifar10-nfe5.yaml runs whole on networks of full size, their weights made up', async () => {
  const assets = temporaryFolder()
  writeCifar10(assets)
  const store = temporaryFolder()
  const env = { ...process.env, EPD_ASSETS: assets }
  const run = await epdRun(['run', 'specs/cifar10-nfe5.yaml', '--store', store, '--json', ...FEW], { env })
  expect(run).toMatchObject({ code: 0, stderr: '' })
  const opened = openStore(store)
  const { rows } = opened.query(
    'SELECT samples, nfe, rmse, fid FROM results WHERE score IS NOT NULL ORDER BY score, samples'
  )
  expect(rows).toEqual([
    ['euler', 5, null, expect.any(Number)],
    ['samples', 5, null, expect.any(Number)],
    ['euler', 5, expect.any(Number), null],
    ['samples', 5, expect.any(Number), null]
  ])
  opened.close()
})
