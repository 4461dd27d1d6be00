import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { filled } from '../support/filled.js'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import { ELEMENT_TYPE, encodeModel, type GraphProto } from '../../src/engines/onnx/proto.js'
import { openCommandModel, type CommandModelOptions } from '../../src/models/command.js'
import type { Denoiser } from '../../src/models/denoiser.js'
import { openModel } from '../../src/models/open.js'
import { openOnnxModel, type OnnxModelOptions } from '../../src/models/onnx.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import { largestDifference } from '../networks/reference.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-bring-'))
const SHAPE = [3, 8, 8] as const
const SIZE = 192
const sigma = Float64Array.of(0.1, 2, 14)
const x = Float64Array.from({ length: 3 * SIZE }, (_, i) => Math.sin(i) * (1 + sigma[Math.floor(i / SIZE)]))
const labels = Int32Array.of(2, 0, 1)

/** A network that predicts noise at DDPM's steps, as a checkpoint of the project's own layout and as an ONNX file. */
const kwargs = {
  ...{ model_type: 'UNetModel', image_size: 8, model_channels: 32, channel_mult: [1, 2], num_res_blocks: 1 },
  ...{ attention_resolutions: [2], num_head_channels: 32, num_classes: 3, noise_schedule: 'linear' }
}
const recipe = denoisingRecipe(networkOf(kwargs))
const { path: onnx } = await writeGraph(record(recipe, filled(recipe)), folder)
const checkpoint = join(folder, 'model.safetensors')
writeFileSync(checkpoint, encodeSafetensors(filled(recipe), {}))
writeFileSync(join(folder, 'config.json'), JSON.stringify({ class_name: 'GuidedDiffusion', init_kwargs: kwargs }))

const declared = {
  ...{ onnx, inputs: { x: 'x', noise: 'noise', labels: 'labels' }, predicts: 'epsilon', provider: 'cpu' },
  noise: { type: 'steps', betas: { schedule: 'linear', start: 1e-4, end: 0.02, steps: 1000 } }
} as const satisfies OnnxModelOptions

const answer = async (model: Denoiser) => {
  try {
    return await model.denoise(x, sigma, { labels })
  } finally {
    await model.close()
  }
}

describe('an ONNX file', async () => {
  const expected = await answer(await openModel({ checkpoint, cacheDir: folder, engine: 'onnx', provider: 'cpu' }))

  it('answers as the checkpoint that it was made of, under another digest', async () => {
    const model = await openOnnxModel(declared)
    expect(model).toMatchObject({ shape: SHAPE, labelDim: 3, engine: 'onnx:cpu:float32', batchInvariant: false })
    expect(largestDifference(await answer(model), expected)).toBeLessThan(1e-4)
  })

  it('that has changed since it was opened, or goes bad, is not run, and is left where it is', async () => {
    const copy = join(folder, 'mine.onnx')
    copyFileSync(onnx, copy)
    const model = await openOnnxModel({ ...declared, onnx: copy })
    const bytes = readFileSync(copy)
    bytes[bytes.length >> 1] ^= 1
    writeFileSync(copy, bytes)
    await expect(model.denoise(x, sigma, { labels })).rejects.toThrow(
      `${copy}: has changed since this run began; run again`
    )
    expect(readFileSync(copy).equals(bytes)).toBe(true)
  })

  it('has a digest of its bytes and of all that is declared', async () => {
    const digests = await Promise.all(
      [declared, { ...declared }, { ...declared, predicts: 'v' as const }].map(
        async each => (await openOnnxModel(each)).digest
      )
    )
    expect(digests[0]).toBe(digests[1])
    expect(digests[0]).not.toBe(digests[2])
  })

  it.each([
    [
      'an input that it does not have',
      { inputs: { ...declared.inputs, x: 'sample' } },
      /has no input sample.*it has x, noise, labels/
    ],
    ['an input that is not named', { inputs: { x: 'x', noise: 'noise' } }, /its input labels is not named/],
    ['an output that it does not have', { output: 'eps' }, /has no output eps/],
    ['another shape', { shape: [3, 16, 16] }, /takes x of 3x8x8, and shape says 3x16x16/],
    ['another file', { onnx: checkpoint }, /is no ONNX file/],
    ['no file', { onnx: join(folder, 'nowhere.onnx') }, /there is no such file; correct its path/]
  ])('with %s is refused with what it has', async (_, change, message) => {
    await expect(openOnnxModel({ ...declared, ...(change as Partial<OnnxModelOptions>) })).rejects.toThrow(message)
  })
})

describe('an ONNX file of somebody else', () => {
  /** x times the noise that it is told, in types and shapes as they come. */
  function multiplying(
    name: string,
    {
      x = 'float32',
      noise = 'float32',
      told = [-1],
      batch = -1
    }: { x?: Type; noise?: Type; told?: number[]; batch?: number }
  ): OnnxModelOptions {
    const file = join(folder, `${name}.onnx`)
    const ofX = [batch, ...SHAPE]
    const graph = {
      nodes: [
        { operator: 'Cast', inputs: ['timestep'], outputs: ['cast'], attributes: { to: { int: ELEMENT_TYPE[x] } } },
        { operator: 'Reshape', inputs: ['cast', 'each'], outputs: ['times'] },
        { operator: 'Mul', inputs: ['sample', 'times'], outputs: ['answer'] }
      ],
      initializers: [
        { name: 'each', type: 'int64', shape: [4], data: new Uint8Array(BigInt64Array.of(-1n, 1n, 1n, 1n).buffer) }
      ],
      inputs: [
        { name: 'sample', shape: ofX, type: x },
        { name: 'timestep', shape: told, type: noise }
      ],
      outputs: [{ name: 'answer', shape: ofX, type: x }]
    } satisfies GraphProto
    writeFileSync(file, encodeModel({ opset: 17, graph }))
    const chain = { type: 'sigma', told: 'sigma', sigmaMin: 0.1, sigmaMax: 20 } as const
    return { onnx: file, inputs: { x: 'sample', noise: 'timestep' }, predicts: 'x0', noise: chain, provider: 'cpu' }
  }
  type Type = 'float32' | 'float16' | 'float64' | 'int64'
  const times = (of: (sigma: number) => number) => x.map((value, i) => value * of(sigma[Math.floor(i / SIZE)]))
  const asked = async (options: OnnxModelOptions) => answer(await openOnnxModel(options))

  it('is given noise as it takes it: one a sample, as a column, or one at a time', async () => {
    const expected = times(each => each)
    for (const [name, shapes] of Object.entries({
      row: {},
      column: { told: [-1, 1] },
      scalar: { told: [] },
      single: { batch: 1, told: [1] }
    }))
      expect(largestDifference(await asked(multiplying(name, shapes)), expected)).toBeLessThan(1e-4)
  })

  it('may compute in half or in double precision', async () => {
    expect(
      largestDifference(
        await asked(multiplying('double', { x: 'float64', noise: 'float64' })),
        times(each => each)
      )
    ).toBeLessThan(1e-4)
    expect(
      largestDifference(
        await asked(multiplying('half', { x: 'float16', noise: 'float16' })),
        times(each => each)
      )
    ).toBeLessThan(0.3)
  })

  it('that takes whole steps is rounded to them, and smooth for what takes differences', async () => {
    const model = await openOnnxModel(multiplying('whole', { noise: 'int64' }))
    const [denoised, smooth] = [await model.denoise(x, sigma), await model.smooth?.denoise(x, sigma)]
    await model.close()
    expect(largestDifference(denoised, times(Math.round))).toBeLessThan(1e-4)
    expect(
      largestDifference(
        smooth ?? [],
        times(each => each)
      )
    ).toBeLessThan(1e-4)
  })
})

/** A program of Node that answers each request by the body of a function of `x`, `noise`, `labels` and `write`. */
function program(body: string): Pick<CommandModelOptions, 'command'> {
  const file = join(mkdtempSync(join(folder, 'program-')), 'model.mjs')
  writeFileSync(
    file,
    `let bytes = Buffer.alloc(0)
const write = numbers => process.stdout.write(Buffer.from(Float32Array.from(numbers).buffer))
process.stdin.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk])
  for (;;) {
    if (bytes.length < 8) return
    const [batch, labelled] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)]
    const length = 8 + 4 * batch * (1 + ${SIZE} + labelled)
    if (bytes.length < length) return
    const part = (from, count, Type) => new Type(new Uint8Array(bytes.subarray(from, from + 4 * count)).buffer)
    const noise = part(8, batch, Float32Array)
    const x = part(8 + 4 * batch, batch * ${SIZE}, Float32Array)
    const labels = labelled ? part(8 + 4 * batch * (1 + ${SIZE}), batch, Int32Array) : undefined
    bytes = bytes.subarray(length)
    ${body}
  }
})
`
  )
  return { command: [process.execPath, file] }
}

const programmed = {
  ...{ version: '1', shape: SHAPE, labels: 3, predicts: 'x0', timeout: 20 },
  noise: { type: 'sigma', told: 'sigma', sigmaMin: 0.002, sigmaMax: 80 }
} as const satisfies Omit<CommandModelOptions, 'command'>

describe('a program', () => {
  it('is given noise, samples and classes, and answers', async () => {
    const model = await openCommandModel({
      ...programmed,
      ...program(
        `write(x.map((value, i) => value / (1 + noise[Math.floor(i / ${SIZE})]) + labels[Math.floor(i / ${SIZE})]))`
      )
    })
    const expected = x.map((value, i) => value / (1 + sigma[Math.floor(i / SIZE)]) + labels[Math.floor(i / SIZE)])
    expect(largestDifference(await answer(model), expected)).toBeLessThan(1e-4)
  })

  it('answers as an ONNX file does where it runs that file', async () => {
    const runtime = fileURLToPath(import.meta.resolve('onnxruntime-node'))
    const { command } = program(`
    const one = Array.from({ length: batch * 3 }, (_, i) => (labels[Math.floor(i / 3)] === i % 3 ? 1 : 0))
    last = last.then(async () => {
      const { default: ort } = await import(${JSON.stringify(runtime)})
      session ??= await ort.InferenceSession.create(${JSON.stringify(onnx)})
      const tensor = (data, ...shape) => new ort.Tensor('float32', data, shape)
      const answers = await session.run({ x: tensor(x, batch, 3, 8, 8), noise: tensor(noise, batch, 1), labels: tensor(Float32Array.from(one), batch, 3) })
      write(answers[session.outputNames[0]].data)
    })`)
    const { readFileSync } = await import('node:fs')
    writeFileSync(command[1], `let session, last = Promise.resolve()\n${readFileSync(command[1], 'utf8')}`)
    const { predicts, noise } = declared
    const found = await answer(await openCommandModel({ ...programmed, predicts, noise, command }))
    expect(largestDifference(found, await answer(await openOnnxModel(declared)))).toBeLessThan(1e-4)
  })

  it('has its version in its digest', async () => {
    const digest = async (version: string) =>
      (await openCommandModel({ ...programmed, command: ['program'], version })).digest
    expect(await digest('1')).toBe(await digest('1'))
    expect(await digest('1')).not.toBe(await digest('2'))
  })

  it.each([
    ['cannot be started', { command: ['/nowhere/program'] }, /cannot be started \(spawn .*ENOENT/],
    [
      'dies',
      program('console.error("no such weights"); process.exit(3)'),
      /has ended with exit code 3, 0 of 2304 bytes into its answer.*\n.*no such weights/
    ],
    ['is killed', program('process.kill(process.pid, "SIGKILL")'), /was ended by SIGKILL/],
    [
      'hangs in the middle',
      { ...program('write([1, 2])'), timeout: 0.3 },
      /has hung: 8 of 2304 bytes of its answer, and none for 0.3 s/
    ],
    [
      'writes too few bytes and ends',
      program('write([1, 2]); process.stdin.destroy()'),
      /has ended with exit code 0, 8 of 2304 bytes/
    ],
    ['writes too many bytes', program(`write([...x, 1])`), /has written more bytes than were asked for/],
    [
      'writes NaN',
      program('console.error("overflow"); write(x.map(() => NaN))'),
      /has answered NaN, which is no finite number.*\n.*overflow/
    ]
  ])('that %s is an error that says so', async (_, options, message) => {
    await expect(openCommandModel({ ...programmed, ...options }).then(answer)).rejects.toThrow(message)
  })
})
