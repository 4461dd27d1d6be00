import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decodeNpy } from '../../src/checkpoints/npy.js'
import { readNpy } from '../../src/checkpoints/numpy-array.js'
import { readZip } from '../../src/checkpoints/zip.js'
import { decodePng } from '../../src/images/png.js'
import { latentsAndLabels } from '../../src/random/latents.js'
import { openStore } from '../../src/store/store.js'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'
import { smallRun, stored } from '../support/small-run.js'

const { whole } = smallRun()
const folder = temporaryFolder()
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/edm/${name}`, import.meta.url))
const sample = (...args: string[]) => epdRun(['sample', ...args, '--store', whole], { cwd: folder })

/** The images of a run's stage, by their seeds. */
function imagesOf(stage: string): Map<number, Uint8Array> {
  const store = openStore(whole)
  try {
    const { key } = store.runStages(store.run('small').id).find(({ name }) => name === stage)!
    const files = store.artifacts(key, 'images').map(file => decodeNpy(store.readArtifact(file)).data)
    return new Map(
      store.shards(key).flatMap(({ seeds }, i) => {
        const size = files[i].length / seeds.length
        return seeds.map((seed, j) => [seed, Uint8Array.from(files[i].subarray(j * size, (j + 1) * size))] as const)
      })
    )
  } finally {
    store.close()
  }
}

function arraysOf(path: string) {
  const zip = readZip(readFileSync(path), path)
  return zip.names.map(name => ({ name, ...readNpy(zip.read(name) ?? Buffer.alloc(0)) }))
}

describe('epd-run sample', () => {
  it("writes a PNG for each seed, of the same bits as an experiment's", async () => {
    const done = await sample('small/student', '--seeds', '2000-2004,2069')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toMatch(/small-student: 6 images by epd K=2 at 3 NFE of small-[0-9a-f]{8}\/student\n$/)
    const truth = imagesOf('samples')
    const names = readdirSync(join(folder, 'small-student'))
    expect(names).toEqual([...[2000, 2001, 2002, 2003, 2004, 2069].map(seed => `00${seed}.png`), 'sampled.json'])
    for (const name of names.slice(0, -1)) {
      const { data } = await decodePng(readFileSync(join(folder, 'small-student', name)))
      expect(data.every((byte, i) => byte === truth.get(parseInt(name))?.[i])).toBe(true)
    }
  })

  it('adds other seeds to a folder, and refuses images of another sampler there', async () => {
    expect(await sample('small/student', '--seeds', '7')).toMatchObject({ code: 0 })
    expect(existsSync(join(folder, 'small-student', '000007.png'))).toBe(true)
    const model = ['--model', fixture('ncsnpp-uncond.pkl'), '--allow-mismatch']
    const refused = await sample('small/student', '--seeds', '8', '--out', 'small-student', ...model)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--out small-student: the folder holds images of another sampler')
    expect(existsSync(join(folder, 'small-student', '000008.png'))).toBe(false)
  })

  it("writes an .npz as guided-diffusion's evaluator reads it", async () => {
    const line = await sample('small/student', '--seeds', '2000-2069', '-o', 'all.npz', '--json')
    expect(JSON.parse(line.stdout.trim().split('\n').at(-1)!)).toMatchObject({
      type: 'done',
      out: 'all.npz',
      images: 70
    })
    const [images, ...others] = arraysOf(join(folder, 'all.npz'))
    expect([images.name, images.shape, others]).toEqual(['arr_0.npy', [70, 16, 16, 3], []])
    const truth = [...imagesOf('samples').values()].flatMap(bytes => [...bytes])
    expect([...images.data]).toEqual(truth)
    expect(await sample('small/student', '--seeds', '1', '-o', 'all.npz')).toMatchObject({ code: 2 })
  })

  it('goes on after it was killed, with nothing half written', async () => {
    const out = join(folder, 'killed')
    const args = ['small/student', '--seeds', '0-199', '-o', out, '--store', whole]
    await epdRun(['sample', ...args, '--json'], {
      onLine(line, child) {
        if (stored('samples', 64)(line)) child.kill('SIGKILL')
      }
    })
    const kept = readdirSync(out).filter(name => name.endsWith('.png'))
    expect(kept.length).toBeLessThan(200)
    for (const name of kept) await decodePng(readFileSync(join(out, name)))
    const lines: Line[] = []
    const done = await epdRun(['sample', ...args, '--json'], { onLine: line => lines.push(line) })
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(lines.some(line => line.type === 'progress' && Number(line.stored) >= 64 && Number(line.stored) < 200)).toBe(
      true
    )
    expect(readdirSync(out).length).toBe(201)
  })

  it('keeps what is done when it is interrupted, and says how to go on', async () => {
    const out = join(folder, 'interrupted')
    let sent = false
    const stopped = await epdRun(
      ['sample', 'small/student', '--seeds', '1000-1299', '-o', out, '--store', whole, '--json'],
      {
        onLine(line, child) {
          if (!sent && stored('samples', 64)(line)) sent = child.kill('SIGINT')
        }
      }
    )
    expect(stopped).toMatchObject({
      code: 130,
      stderr: 'Interrupted; what is done is kept. Continue with the same command\n'
    })
    expect(readdirSync(out).length).toBeGreaterThan(64)
  })
})

describe('classes', () => {
  const args = ['--model', fixture('ddpmpp-cond.pkl'), '--allow-mismatch']

  it('are those that seeds draw, unless others are asked for; the .npz has them', async () => {
    expect(await sample('small/student', '--seeds', '0-5', '-o', 'drawn.npz', ...args)).toMatchObject({ code: 0 })
    expect(await sample('small/student', '--seeds', '0-5', '-o', 'told.npz', '--labels', '3,7', ...args)).toMatchObject(
      { code: 0 }
    )
    const [drawn, told] = ['drawn.npz', 'told.npz'].map(name => arraysOf(join(folder, name)))
    const { labels } = latentsAndLabels({ seeds: [0, 1, 2, 3, 4, 5], shape: [3, 16, 16], labelDim: 10 })
    expect([drawn[1].name, [...drawn[1].data]]).toEqual(['arr_1.npy', [...labels]])
    expect([...told[1].data]).toEqual([3, 7, 3, 7, 3, 7])
    const size = 16 * 16 * 3
    const image = (of: typeof drawn, i: number) => [...of[0].data.subarray(i * size, (i + 1) * size)]
    const equal = [0, 1, 2, 3, 4, 5].map(i => String(image(drawn, i)) === String(image(told, i)))
    expect(equal).toEqual([0, 1, 2, 3, 4, 5].map(i => labels[i] === [3, 7][i % 2]))
  })

  it('that the model does not have are refused', async () => {
    const refused = await sample('small/student', '--seeds', '0-3', '-o', 'refused', '--labels', '0-10', ...args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('labels: expected classes from 0 to 9, found 10')
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })
})

describe('what cannot be sampled', () => {
  it.each([
    [['nothing/student', '--seeds', '0'], 1, 'distilled (RUN/STAGE); epd-run predictors lists them'],
    [['small/student', '--seeds', '0-3,2'], 2, '--seeds: expected each seed once, found 2 twice'],
    [['small/student', '--seeds', '0', '--labels', '5,5'], 2, '--labels 5,5: expected classes such as 0-9 or 3,7'],
    [
      ['small/student', '--seeds', '0', '-o', 'x.png'],
      2,
      '--out x.png: expected a folder, or a name that ends in .npz'
    ],
    [['00002-cifar10-4-5-epd-uni1.0-afs', '--seeds', '0'], 2, 'is, which is for cifar10 3x32x32; name it with --model']
  ])('%j is refused by name', async (args, code, message) => {
    const refused = await sample(...args)
    expect(refused.code).toBe(code)
    expect(refused.stderr).toContain(message)
  })
})
