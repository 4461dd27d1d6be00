import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { moduleTensors } from '../../src/checkpoints/module-state.js'
import { candidates } from '../../src/checkpoints/state-dict.js'
import { readZip, writeZip } from '../../src/checkpoints/zip.js'
import { EpdError } from '../../src/errors.js'
import { fixture, read, safetensors } from '../checkpoints/fixtures.js'

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

/** A PyTorch zip with another pickle in it, under the checksums that fit. */
function rezipped(pickle: Buffer): Buffer {
  const zip = readZip(fixture('checkpoints/tensors.pt'), 'tensors.pt')
  const files = zip.names.map(name => [name, name.endsWith('data.pkl') ? pickle : (zip.read(name) ?? pickle)] as const)
  return writeZip(new Map(files))
}

const zipped = readZip(fixture('checkpoints/tensors.pt'), 'tensors.pt')
const inner = zipped.read(zipped.names.find(name => name.endsWith('data.pkl')) ?? '') ?? Buffer.alloc(0)

interface Mutated {
  readonly file: Buffer
  readonly wrap?: (bytes: Buffer) => Buffer
  readonly runs?: number
}

const mutated: readonly (readonly [string, Mutated])[] = [
  ...Object.entries(files).map(([name, file]) => [name, { file }] as const),
  ['a pickle of protocol 0', { file: fixture('checkpoints/values-0.pkl'), runs: 1_000 }],
  ['the pickle of a PyTorch zip', { file: inner, wrap: rezipped }],
  ['what training scripts keep', { file: fixture('checkpoints/extras-legacy.pt'), runs: 1_000 }]
]

/** Either it reads, or it says so as it should. */
function readsOrRefuses(bytes: Buffer): void {
  try {
    const tree = read(bytes)
    moduleTensors(tree, 'net.pkl')
    candidates(tree, () => new Map())
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

describe.each(mutated)('%s', (_, { file, wrap = bytes => bytes, runs = 2_500 }) => {
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
          readsOrRefuses(wrap(end === null ? bytes : bytes.subarray(0, end)))
        }
      ),
      { numRuns: runs, seed: 1 }
    )
  })
})
