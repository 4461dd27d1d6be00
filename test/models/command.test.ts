import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCommandModel, type CommandModelOptions } from '../../src/models/command.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-command-'))
let programs = 0

/** A program that says `said` of itself, and answers each request with what `body` makes of it. */
function greeting(said: object, body = 'write(x)'): CommandModelOptions {
  const file = join(folder, `${programs++}.mjs`)
  writeFileSync(
    file,
    `const greet = value => {
  const json = Buffer.from(JSON.stringify(value))
  process.stdout.write(Buffer.concat([Buffer.from(Uint32Array.of(0x7fe00002, json.length).buffer), json]))
}
const write = numbers => process.stdout.write(Buffer.from(Float32Array.from(numbers).buffer))
greet(${JSON.stringify(said)})
let bytes = Buffer.alloc(0)
process.stdin.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk])
  if (bytes.length < 8) return
  const [batch, flags] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)]
  let at = 8
  const floats = count => new Float32Array(Uint8Array.from(bytes.subarray(at, (at += 4 * count))).buffer)
  const noise = flags & 4 ? undefined : floats(batch)
  const x = floats(batch * 12)
  const classes = flags & 1 ? new Int32Array(floats(batch).buffer) : undefined
  let prompts
  if (flags & 2) {
    const length = bytes.readUInt32LE(at)
    prompts = JSON.parse(bytes.toString('utf8', at + 4, at + 4 + length))
  }
  bytes = Buffer.alloc(0)
  ${body}
})
process.stdin.on('end', () => process.exit(0))
`
  )
  return { command: [process.execPath, file], version: '1', timeout: 20 }
}

const SAID = {
  ...{ protocol: 2, shape: [3, 2, 2], predicts: 'x0' },
  noise: { type: 'sigma', told: 'sigma', sigmaMin: 0.01, sigmaMax: 50 }
}
const x = Float64Array.from({ length: 12 }, (_, i) => i)

describe('a program that says what it is', () => {
  it('needs nothing in the spec but its command', async () => {
    const model = await openCommandModel(
      greeting({ ...SAID, labels: 4, nfe: 2 }, 'write(x.map(value => value + noise[0] + classes[0]))')
    )
    expect(model).toMatchObject({ shape: [3, 2, 2], labelDim: 4, sigmaMin: 0.01, sigmaMax: 50, nfeFactor: 2 })
    const answer = await model.denoise(x, Float64Array.of(2), { labels: Int32Array.of(3) })
    expect([...answer]).toEqual([...x].map(value => value + 5))
    await model.close()
  })

  it('is given the prompts that it reads', async () => {
    const model = await openCommandModel(greeting({ ...SAID, prompts: true }, 'write(x.map(() => prompts[0].length))'))
    expect(model.prompted).toBe(true)
    const answer = await model.denoise(x, Float64Array.of(2), { prompts: ['äöü'] })
    expect([...new Set(answer)]).toEqual([3])
    await model.close()
  })

  it('decodes its latents', async () => {
    const model = await openCommandModel(
      greeting({ ...SAID, decodes: [3, 4, 4] }, 'write(Array.from({ length: 48 }, (_, i) => x[i >> 2]))')
    )
    expect(model.decoder?.shape).toEqual([3, 4, 4])
    const images = await model.decoder?.decode(x, 1)
    expect(images).toEqual(Float32Array.from({ length: 48 }, (_, i) => i >> 2))
    await model.close()
  })

  it('agrees with a spec that says less', async () => {
    const model = await openCommandModel({ ...greeting(SAID), shape: [3, 2, 2], predicts: 'x0' })
    expect([...(await model.denoise(x, Float64Array.of(2)))]).toEqual([...x])
    await model.close()
  })

  it.each([
    ['shape', { shape: [3, 8, 8] as const }, /says that its shape is \[3,2,2\], and the spec says \[3,8,8\]/],
    ['predicts', { shape: [3, 2, 2] as const, predicts: 'v' as const }, /says that its predicts is "x0", .* "v"/],
    ['labels', { shape: [3, 2, 2] as const, labels: 10 }, /says that its labels is 0, and the spec says 10/]
  ])('is ended where the spec has another %s', async (_, options, message) => {
    const model = await openCommandModel({ ...greeting(SAID), ...options })
    const size = options.shape[0] * options.shape[1] * options.shape[2]
    await expect(model.denoise(new Float64Array(size), Float64Array.of(1))).rejects.toThrow(message)
    await model.close()
  })

  it.each([
    ['no shape', { ...SAID, shape: undefined }, /shape must be \[channels, height, width\], found undefined/],
    ['a shape beyond any memory', { ...SAID, shape: [3, 1e9, 1e9] }, /shape must be \[channels, height, width\]/],
    ['another protocol', { ...SAID, protocol: 3 }, /protocol must be 2, found 3/],
    ['an unknown prediction', { ...SAID, predicts: 'noise' }, /predicts must be epsilon, v, x0 or flow, found "noise"/],
    [
      'an unknown noise',
      { ...SAID, noise: { type: 'cosine' } },
      /noise.type must be sigma, steps, flow, found "cosine"/
    ],
    ['an unknown word', { ...SAID, size: 8 }, /"size" is no part of it/],
    ['ends that cross', { ...SAID, noise: { ...SAID.noise, sigmaMin: 60 } }, /sigmaMin must be below sigmaMax/]
  ])('is refused with %s', async (_, said, message) => {
    await expect(openCommandModel(greeting(said))).rejects.toThrow(message)
  })
})

describe('a program that says nothing of itself', () => {
  it('needs a shape in the spec', async () => {
    const file = join(folder, 'silent.mjs')
    writeFileSync(file, 'process.stdin.resume()')
    const opening = openCommandModel({ command: [process.execPath, file], version: '1', timeout: 0.5 })
    await expect(opening).rejects.toThrow(/needs model.shape in the spec/)
  })
})
