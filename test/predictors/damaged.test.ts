import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeTensors, readPredictor } from '../../src/predictors/file.js'
import { publishedPredictors } from '../../src/predictors/published.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-damaged-'))
const fixture = (name: string) => readFileSync(new URL(`../fixtures/checkpoints/${name}`, import.meta.url))

it.each([
  ['a snapshot of DyWeight', fixture('dyweight-table.pkl')],
  ['a snapshot of EPD-Solver++', fixture('predictor-flow-shifted.pkl')],
  ['a checkpoint of GAS', fixture('generalized-chain.pt')],
  ['a list', Buffer.from('{ "sigmas": [80, 10, 0.1, 0] }')],
  ['tensors of a table', encodeTensors(publishedPredictors().get('dyweight-cifar10-nfe3')!)]
])('%s with any byte changed is read, or what is wrong with it is said', async (_, whole) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(255), async (place, byte) => {
      const bytes = Buffer.from(whole)
      bytes[place % bytes.length] = byte
      const path = join(folder, 'damaged')
      writeFileSync(path, bytes)
      const said = { configuration: 'coco', lists: 'sigmas', solver: 'euler' } as const
      await readPredictor(path, 'damaged', said).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'EpdError' })
      })
    }),
    { numRuns: 200 }
  )
})
