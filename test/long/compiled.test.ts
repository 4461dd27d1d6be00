import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { filled } from '../support/filled.js'
import { record } from '../../src/engines/onnx/compile.js'
import { compiledGraph, type Compiled } from '../../src/engines/onnx/compiled.js'
import type { Recipe } from '../../src/engines/recipe.js'

/** A network whose weights stand in the graph with 32 channels, and in a file of their own with 320. */
const network = (channels: number): Recipe => ({
  name: 'convolution',
  build: ({ ops, input }) => {
    const x = input('x', [-1, channels, 4, 4])
    return [
      ops.conv2d(x, ops.parameter('weight', [channels, channels, 3, 3]), ops.parameter('bias', [channels]), {
        padding: 1
      })
    ]
  }
})

let folder: string
let compilations: number
let notes: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'epd-compiled-'))
  compilations = 0
  notes = []
})

function compiled(channels: number, weights = filled(network(channels))): Promise<Compiled<unknown>> {
  return compiledGraph({
    ...{ folder, name: 'network' },
    onNote: note => notes.push(note),
    make() {
      compilations++
      return Promise.resolve(record(network(channels), weights))
    }
  })
}

async function answer({ open }: Compiled<unknown>, channels: number): Promise<readonly number[]> {
  const session = await open({ threads: 1 })
  const data = Float32Array.from({ length: channels * 16 }, (_, i) => Math.sin(i))
  const [output] = await session.run([{ name: 'x', shape: [1, channels, 4, 4], data }])
  await session.close()
  return [...output]
}

function files(): string[] {
  return readdirSync(folder)
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[Math.min(Math.floor(at * bytes.length), bytes.length - 1)] ^= 1
  writeFileSync(path, bytes)
}

describe.each([
  [32, ['.json', '.onnx']],
  [320, ['.json', '.onnx', '.weights']]
])('a compiled network of %i channels', (channels, endings) => {
  it('is compiled once, and gives the same bits from its files', async () => {
    const expected = await answer(await compiled(channels), channels)
    expect(
      files()
        .map(name => /\.[a-z]+$/.exec(name)?.[0])
        .sort()
    ).toEqual(endings)
    expect(await answer(await compiled(channels), channels)).toEqual(expected)
    expect([compilations, notes]).toEqual([1, []])
  })

  it.each(endings)(
    'with a bit flipped in its %s is compiled again, which is said once, and gives the same bits',
    async ending => {
      const expected = await answer(await compiled(channels), channels)
      const path = join(folder, files().find(name => name.endsWith(ending)) ?? '')
      const whole = readFileSync(path)
      for (const at of [0, 0.01, 0.3, 0.5, 0.77, 0.999, 1]) {
        notes = []
        compilations = 0
        flip(path, at)
        expect(await answer(await compiled(channels), channels), `at ${at}`).toEqual(expected)
        expect(await answer(await compiled(channels), channels)).toEqual(expected)
        expect(notes).toEqual([
          expect.stringContaining(`${path} has changed since it was written; it is compiled again`)
        ])
        expect(compilations).toBe(1)
        expect(readFileSync(path).equals(whole)).toBe(true)
      }
    }
  )

  it.each(endings.filter(ending => ending !== '.json'))('whose %s is cut or gone is compiled again', async ending => {
    const expected = await answer(await compiled(channels), channels)
    const path = join(folder, files().find(name => name.endsWith(ending)) ?? '')
    truncateSync(path, Math.floor(statSync(path).size / 2))
    expect(await answer(await compiled(channels), channels)).toEqual(expected)
    truncateSync(path, 0)
    expect(await answer(await compiled(channels), channels)).toEqual(expected)
    rmSync(path)
    expect(await answer(await compiled(channels), channels)).toEqual(expected)
    expect(notes).toHaveLength(3)
  })

  it('that is damaged after it was opened by name is mended once for all its sessions', async () => {
    const network = await compiled(channels)
    const expected = await answer(network, channels)
    flip(join(folder, files().find(name => name.endsWith(endings.at(-1) ?? '')) ?? ''), 0.6)
    const answers = await Promise.all([network, network, network].map(each => answer(each, channels)))
    expect(answers).toEqual([expected, expected, expected])
    expect(notes).toHaveLength(1)
    expect(compilations).toBe(2)
  })
})

it('is not mended from weights that have changed meanwhile', async () => {
  const weights = filled(network(32))
  const network32 = await compiled(32, weights)
  const bias = weights.get('bias')
  bias?.data.fill(0)
  flip(join(folder, files().find(name => name.endsWith('.onnx')) ?? ''), 0.5)
  await expect(network32.open()).rejects.toThrow(/what it is compiled from has changed meanwhile; run again/)
})

it("does not take another network's files for its own", async () => {
  const expected = await answer(await compiled(32), 32)
  const before = files()
  const others = new Map(
    [...filled(network(32))].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map(() => 0) }])
  )
  await compiledGraph({ folder, name: 'other', make: () => Promise.resolve(record(network(32), others)) })
  const graph = (names: readonly string[]) => names.find(name => name.endsWith('.onnx')) ?? ''
  const [own, other] = [graph(before), graph(files().filter(name => !before.includes(name)))]
  copyFileSync(join(folder, other), join(folder, own))
  expect(await answer(await compiled(32), 32)).toEqual(expected)
  expect(notes).toHaveLength(1)
})
