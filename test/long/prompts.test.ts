import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LATENT, STABLE, writeClip, writeCompVis } from '../models/latent.js'
import { openStore } from '../../src/store/store.js'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'

const stable = writeCompVis(temporaryFolder(), 'sd.ckpt', STABLE)
const latent = writeCompVis(temporaryFolder(), 'ldm.ckpt', LATENT)

function specWith(model: string, more = '', score = 'metrics: [rmse]'): string {
  const folder = temporaryFolder()
  const file = join(folder, 'latent.yaml')
  writeFileSync(
    file,
    `name: latent
model: { ${model}, engine: onnx, provider: cpu }
${more}
solver: { name: epd, nfe: 2, points: 2, schedule: { type: discrete, sigmaMin: 0.1, sigmaMax: 10 } }
stages:
  teacher: { kind: teacher, solver: { name: heun }, refine: 1, substeps: 1, seeds: 0-5 }
  student:
    { kind: distill, teacher: teacher, validation: 6-9, optimizer: { name: levenberg-marquardt, iterations: 1 } }
  samples: { kind: sample, solver: student, seeds: 100-102, images: true }
  truth: { kind: sample, solver: { name: heun, nfe: 8 }, seeds: 100-102 }
  score: { kind: score, samples: [samples], reference: truth, ${score} }
`
  )
  writeFileSync(join(folder, 'captions.csv'), 'id,caption\n7,"a cat, a dog"\n8,dog\n')
  return file
}

async function run(spec: string, store: string, ...flags: readonly string[]) {
  const lines: Line[] = []
  const finished = await epdRun(['run', spec, '--store', store, '--json', ...flags], {
    onLine: line => lines.push(line)
  })
  return {
    ...finished,
    lines,
    of: (type: string) => lines.filter(line => line.type === type).map(({ stage }) => stage)
  }
}

describe('a run in latents', () => {
  it('decodes what it has sampled in stages of their own, with NFE counted twice under guidance', async () => {
    const store = temporaryFolder()
    const spec = specWith(`checkpoint: ${stable}, guidance: { scale: 3 }`, 'prompts: [a cat, a dog]')
    expect(await run(spec, store)).toMatchObject({ code: 0, stderr: '' })
    const opened = openStore(store)
    const { rows } = opened.query('SELECT kind, nfe FROM stages ORDER BY kind')
    opened.close()
    expect(rows).toContainEqual(['sample', 4])
    expect(rows.filter(([kind]) => kind === 'decode')).toEqual([
      ['decode', 4],
      ['decode', 16]
    ])
    const [images] = readdirSync(join(store, 'images')).map(name => join(store, 'images', name))
    expect(readdirSync(images).sort()).toEqual(['comparison.png', 'samples', 'samples.png', 'truth.png'])
    expect(readdirSync(join(images, 'samples', '000000'))).toEqual(['000100.png', '000101.png', '000102.png'])
    const again = await run(spec, store)
    expect(again.of('started')).toEqual([])
    expect(again.of('cached')).toContain('samples.decoded')
  })

  it('is scored by CLIP, each image with its prompt', async () => {
    const [store, clip] = [temporaryFolder(), writeClip(temporaryFolder())]
    const scored = specWith(`checkpoint: ${stable}`, 'prompts: [a cat, dog]', `clip: ${clip}, metrics: [clip-score]`)
    expect(await run(scored, store)).toMatchObject({ code: 0, stderr: '' })
    const opened = openStore(store)
    const [[value, count]] = opened.query("SELECT value, count FROM metrics WHERE name = 'clip-score'").rows
    opened.close()
    expect(count).toBe(3)
    expect(value).toBeGreaterThanOrEqual(0)
    expect(value).toBeLessThanOrEqual(100)
    const lacking = specWith(`checkpoint: ${stable}`, 'prompts: [a cat]', 'metrics: [clip-score]')
    expect((await run(lacking, store)).stderr).toContain('score.clip: expected the folder of a CLIPModel')
  })

  it('has keys of the prompts that its seeds get, and of no others', async () => {
    const store = temporaryFolder()
    const prompted = (prompts: string) => specWith(`checkpoint: ${stable}`, `prompts: ${prompts}`)
    await run(prompted('{ csv: captions.csv, column: caption }'), store)
    expect((await run(prompted('["a cat, a dog", dog]'), store)).of('started')).toEqual([])
    expect((await run(prompted('["a cat, a dog", dog, unused, dog]'), store)).of('started')).toContain('samples')
  })

  it('needs prompts exactly where its model reads them', async () => {
    const without = await run(specWith(`checkpoint: ${stable}`), temporaryFolder())
    expect(without).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('prompts: expected a list of prompts') as string
    })
    const store = temporaryFolder()
    expect(await run(specWith(`checkpoint: ${latent}`), store)).toMatchObject({ code: 0, stderr: '' })
    const prompted = await run(specWith(`checkpoint: ${latent}`, 'prompts: [a cat]'), store)
    expect(prompted).toMatchObject({ code: 1, stderr: expect.stringContaining('reads no prompts') as string })
    const guided = await run(specWith(`checkpoint: ${latent}, guidance: { scale: 2 }`), store)
    expect(guided).toMatchObject({ code: 1, stderr: expect.stringContaining('reads no prompts') as string })
  })

  it('cuts prompts that are longer than the context, with a warning', async () => {
    const { lines, code } = await run(
      specWith(`checkpoint: ${stable}`, 'prompts: [a dog at a dog at a dog at a cat]'),
      temporaryFolder()
    )
    expect(code).toBe(0)
    expect(lines.filter(({ type }) => type === 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^the prompt "a dog at .*" has 11 tokens, and the text encoder reads 8: what is behind them is left out$/
      )
    ])
  })

  it.each([
    ['a column that there is not', '{ csv: captions.csv }', /has no column "text"; it has id, caption/],
    ['a file that there is not', '{ csv: nowhere.csv }', /nowhere\.csv/],
    ['an empty list', '[]', /prompts: expected/]
  ])('says what is wrong with prompts of %s', async (_, prompts, message) => {
    const { code, stderr } = await run(specWith(`checkpoint: ${stable}`, `prompts: ${prompts}`), temporaryFolder())
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) as string })
  })
})

describe('a run of a program', () => {
  /** Answers x / (1 + sigma^2) until a number of requests, then dies; what it was asked is counted in a file. */
  const program = `import { appendFileSync, existsSync, readFileSync } from 'node:fs'
let bytes = Buffer.alloc(0)
process.stdin.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk])
  for (;;) {
    if (bytes.length < 8) return
    const batch = bytes.readUInt32LE(0)
    const length = 8 + 4 * batch * 13
    if (bytes.length < length) return
    appendFileSync('asked', '.')
    if (readFileSync('asked').length === 9 && !existsSync('mended')) {
      console.error('out of luck')
      process.exit(5)
    }
    const numbers = new Float32Array(new Uint8Array(bytes.subarray(8, length)).buffer)
    const answer = numbers.slice(batch).map((value, i) => value / (1 + numbers[Math.floor(i / 12)] ** 2))
    bytes = bytes.subarray(length)
    process.stdout.write(Buffer.from(answer.buffer))
  }
})
`
  it('that dies shows its last words, and goes on in the next run', async () => {
    const [folder, store] = [temporaryFolder(), temporaryFolder()]
    writeFileSync(join(folder, 'model.mjs'), program)
    const spec = join(folder, 'spec.yaml')
    writeFileSync(
      spec,
      `name: program
model: { command: [node, model.mjs], version: '1', shape: [3, 2, 2] }
solver: { name: euler, nfe: 3 }
stages:
  first: { kind: sample, seeds: 0-63 }
  second: { kind: sample, seeds: 64-191 }
`
    )
    const died = await run(spec, store)
    expect(died.code).toBe(1)
    expect(died.stderr).toMatch(
      /node model\.mjs: has ended with exit code 5, 0 of 3072 bytes into its answer[^]*out of luck/
    )
    expect(died.of('finished')).toEqual(['first'])
    writeFileSync(join(folder, 'mended'), '')
    const again = await run(spec, store)
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.of('cached')).toEqual(['first'])
    expect(readFileSync(join(folder, 'asked')).length).toBeLessThanOrEqual(15)
  })
})
