import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openModelBy } from '../../src/models/open.js'
import { READERS, type Readers } from '../../src/models/readers.js'
import { encodeListed, LISTED } from '../checkpoints/listed-format.js'
import { PIXEL_NETWORK } from '../networks/pixel-family.js'
import { PIXEL_MODEL } from './pixel-model.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-readers-'))
const checkpoint = join(folder, 'model.listed')
const [channels, side] = [2, 2]
writeFileSync(
  checkpoint,
  encodeListed({
    'mix.weight': { shape: [channels, channels, 1, 1], values: [2, 0, 1, -1] },
    'mix.bias': { shape: [channels], values: [0, 0.5] }
  })
)

const extended: Readers = {
  ...READERS,
  formats: [LISTED, ...READERS.formats],
  networks: [...READERS.networks, PIXEL_NETWORK],
  models: [...READERS.models, PIXEL_MODEL]
}
const open = (readers: Readers = READERS) =>
  openModelBy({ checkpoint, shape: [channels, side, side], cacheDir: folder, engine: 'onnx', provider: 'cpu' }, readers)

describe('a checkpoint of a format and of families that a caller adds, a descriptor each,', () => {
  it('is opened, and answers what its network computes', async () => {
    const model = await open(extended)
    expect(model).toMatchObject({ shape: [channels, side, side], labelDim: 0, sigmaMin: 0.1, sigmaMax: 10 })
    expect(model.features?.size).toBe(side ** 2)
    const x = Float64Array.of(1, 2, 3, 4, 10, 20, 30, 40)
    expect([...(await model.denoise(x, Float64Array.of(0.25)))]).toEqual([
      ...[2.25, 4.25, 6.25, 8.25],
      ...[-8.25, -17.25, -26.25, -35.25]
    ])
    await model.close()
  })

  it.each([
    ['formats', 'is not a checkpoint (it is text, "LISTED'],
    ['networks', 'config.json: cannot be read'],
    ['models', "the checkpoint's network is a PixelModel; known are EDMPrecond"]
  ] as const)('is refused without its own %s, by name', async (list, message) => {
    const cacheDir = mkdtempSync(join(tmpdir(), 'epd-readers-'))
    const opened = openModelBy(
      { checkpoint, shape: [channels, side, side], cacheDir },
      { ...extended, [list]: READERS[list] }
    )
    await expect(opened).rejects.toThrow(message)
  })
})
