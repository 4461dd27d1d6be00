import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { moduleTensors } from '../../src/checkpoints/network.js'
import { EpdError } from '../../src/errors.js'
import { fixture, read, safetensors } from './fixtures.js'

const entry = (from: number) => ({ dtype: 'F32', shape: [2], data_offsets: [from, from + 8] })
const files = {
  'a pickle of protocol 2': fixture('checkpoints/values-2.pkl'),
  'a pickle of protocol 5': fixture('checkpoints/values-5.pkl'),
  'a PyTorch zip': fixture('checkpoints/tensors.pt'),
  'a deflated PyTorch zip': fixture('checkpoints/tensors-deflated.pt'),
  'a legacy PyTorch file': fixture('checkpoints/tensors-legacy.pt'),
  'a safetensors file': safetensors({ a: entry(0), b: entry(8) }, new Uint8Array(16)),
  "TorchScript's archive": fixture('checkpoints/scripted.pt'),
  'a pickle that holds such an archive': fixture('checkpoints/scripted-held.pkl'),
  'an EDM snapshot': fixture('edm/ddpmpp-uncond.pkl').subarray(0, 20_000)
}

/** Either it reads, or it says so as it should. */
function readsOrRefuses(bytes: Buffer): void {
  try {
    moduleTensors(read(bytes), 'net.pkl')
  } catch (error) {
    if (!(error instanceof EpdError)) throw error
  }
}

/** Bytes of memory that reading may take beside what was there before. */
const MEMORY = 2 ** 30

const before = process.resourceUsage().maxRSS
afterAll(() => {
  expect(1024 * (process.resourceUsage().maxRSS - before)).toBeLessThan(MEMORY)
})

describe.each(Object.entries(files))('%s', (_, file) => {
  it('with some of its bytes changed, left out or cut off is read or refused', () => {
    const place = fc.nat(file.length - 1)
    const change = fc.record({ at: place, to: fc.nat(255) })
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.option(place),
        fc.option(place),
        (changes, cut, end) => {
          let bytes = Buffer.from(file)
          for (const { at, to } of changes) bytes[at] = to
          if (cut !== null) bytes = Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut + 1)])
          readsOrRefuses(end === null ? bytes : bytes.subarray(0, end))
        }
      ),
      { numRuns: 10_000 }
    )
  })
})
