import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.js'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A spec with one small stage on a small model. */
function specWith(model = ''): string {
  const file = join(temporaryFolder(), 'spec.yaml')
  const checkpoint = join(root, 'test', 'fixtures', 'edm', 'ddpmpp-uncond.pkl')
  const stage = 'solver: { name: euler, nfe: 2 }\nstages:\n  euler: { kind: sample, seeds: 0 }\n'
  writeFileSync(file, `name: engines\nmodel: { checkpoint: ${checkpoint}${model} }\n${stage}`)
  return file
}

function enginesOf(store: string): unknown[] {
  const opened = openStore(store)
  const { rows } = opened.query("SELECT json_extract(provenance, '$.model.engine') FROM stages")
  opened.close()
  return rows.flat()
}

describe('the engine', () => {
  it('is what the spec says, and part of what names a result', async () => {
    const store = temporaryFolder()
    for (const model of ['', ', engine: tfjs', ', engine: tfjs, provider: cpu'])
      expect(await epdRun(['run', specWith(model), '--store', store, '--json'])).toMatchObject({ code: 0, stderr: '' })
    expect(enginesOf(store).sort()).toEqual(['onnx:cpu:float32', 'tfjs:cpu:float32', 'tfjs:wasm:float32'])
  })

  it('that is started before it is needed does not keep a run from its end', async () => {
    const store = temporaryFolder()
    const run = ['run', specWith(', engine: tfjs'), '--store', store, '--json']
    expect(await epdRun([...run, '--dry-run'])).toMatchObject({ code: 0, stderr: '' })
    expect(await epdRun(run)).toMatchObject({ code: 0, stderr: '' })
    const again = await epdRun(run)
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('"cached"')
  })

  it('that is there but fails is told of, and the next is taken', async () => {
    const [store, warnings] = [temporaryFolder(), [] as Line[]]
    // A Vulkan driver that is none: WebGPU finds no GPU, whatever the machine has.
    const env = { ...process.env, VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' }
    const onLine = (line: Line) => {
      if (line.type === 'warning') warnings.push(line)
    }
    const run = await epdRun(['run', specWith(), '--store', store, '--json'], { env, onLine })
    expect(run.code).toBe(0)
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^onnx:webgpu does not work here: .+; .+/)
    ])
    expect(enginesOf(store)).toEqual(['onnx:cpu:float32'])
  })

  it.each([
    [', engine: onnx, provider: cuda', /no engine is left to run the network; onnx:cuda: .+ \(.+\)/],
    [
      ', precision: float16, provider: cpu',
      /nothing offers engine auto with provider cpu with precision float16; epd-run doctor/
    ],
    [', engine: tfjs, devices: [0, 1]', /nothing offers engine tfjs .*with a choice of devices/]
  ])('that the spec wants and cannot have%s is an error with the way out', async (model, message) => {
    const { code, stderr } = await epdRun(['run', specWith(model), '--store', temporaryFolder(), '--json'])
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)])
  })
})

describe('epd-run without the packages of TensorFlow.js', () => {
  const copy = temporaryFolder()
  for (const part of ['dist', 'schemas', 'models', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true })
  mkdirSync(join(copy, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules')).filter(
    each => each !== '@tensorflow' && !each.startsWith('.')
  ))
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name))
  const bare = (...args: string[]) =>
    spawnSync(process.execPath, [join(copy, 'dist', 'cli', 'main.js'), ...args], { encoding: 'utf8' })

  it('runs on ONNX Runtime', () => {
    expect(bare('run', specWith(), '--store', temporaryFolder(), '--json')).toMatchObject({ status: 0, stderr: '' })
  })

  it('says of engine tfjs what to install', () => {
    const { status, stderr } = bare('run', specWith(', engine: tfjs'), '--store', temporaryFolder(), '--json')
    expect(status).toBe(1)
    expect(stderr).toContain(
      'tfjs:tensorflow-gpu: @tensorflow/tfjs-core and @tensorflow/tfjs-node-gpu is not installed'
    )
    expect(stderr).toContain('npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm')
  })
})

describe('epd-run doctor', () => {
  it('shows every engine and provider, and what to do about those that are missing', async () => {
    const { code, stdout } = await epdRun(['doctor'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^onnx:cpu +works$/m)
    expect(stdout).toMatch(/^tfjs:tensorflow +no$/m)
    expect(stdout).toContain(
      'tfjs:tensorflow: @tensorflow/tfjs-node is not installed: npm install @tensorflow/tfjs-node\n'
    )
  })
})
