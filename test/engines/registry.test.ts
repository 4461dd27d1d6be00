import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { availability } from '../../src/engines/availability.js'
import { runnersOf, type Engine, type Provider } from '../../src/engines/engine.js'
import { openNetwork, openOnnxFile, type NetworkOptions } from '../../src/engines/open.js'
import { onnx } from '../../src/engines/onnx/engine.js'
import { cpu, type OnnxProvider } from '../../src/engines/onnx/providers.js'
import { candidates, RUNNERS } from '../../src/engines/registry.js'
import type { Session } from '../../src/engines/session.js'
import { examples, openExample } from '../support/networks.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-engines-'))
const names = (options: Parameters<typeof candidates>[0], runners = RUNNERS) =>
  candidates(options, runners).map(({ name }) => name)

describe('what options allow', () => {
  it('is everything by default, the fastest first', () => {
    expect(names({}).slice(0, 4)).toEqual(['onnx:cuda', 'tfjs:tensorflow-gpu', 'onnx:webgpu', 'onnx:cpu'])
  })

  it('is the providers of an engine, and one provider', () => {
    expect(names({ engine: 'tfjs' })).toEqual(['tfjs:tensorflow-gpu', 'tfjs:tensorflow', 'tfjs:wasm', 'tfjs:cpu'])
    expect(names({ provider: 'cpu' })).toEqual(['onnx:cpu', 'tfjs:cpu'])
  })

  it('is, for half precision, the GPUs of ONNX Runtime, and for a choice of GPUs CUDA', () => {
    expect(names({ precision: 'float16' })).toEqual(['onnx:cuda', 'onnx:webgpu'])
    expect(names({ devices: [0, 1] })).toEqual(['onnx:cuda'])
  })
})

describe('opening a network', () => {
  const example = examples['DDPM++ (SongUNet)']

  it.each([
    [{ provider: 'cuda' }, /no engine is left to run the network; onnx:cuda: .* \(.*\)/],
    [{ engine: 'tfjs', precision: 'float16' }, /nothing offers engine tfjs with precision float16/],
    [{ provider: 'cpu', devices: [1] }, /nothing offers .* with a choice of devices/]
  ] as const)('with %j says why nothing is left, and the way out', async (options, message) => {
    await expect(openExample(example, cacheDir, options)).rejects.toThrow(message)
  })
})

describe('the schema of a spec', () => {
  const { $defs } = JSON.parse(
    readFileSync(new URL('../../schemas/experiment.schema.json', import.meta.url), 'utf8')
  ) as { $defs: Record<string, { properties: Record<string, { enum: string[] }> }> }
  const unique = (all: readonly string[]) => [...new Set(all)].sort()

  it.each([
    ['checkpointModel', RUNNERS],
    ['onnxModel', RUNNERS.filter(({ openFile }) => openFile)]
  ])('offers a %s the engines and providers that there are for it', (model, runners) => {
    const { engine, provider, precision } = $defs[model].properties
    expect(unique(engine.enum)).toEqual(unique(['auto', ...runners.map(runner => runner.engine)]))
    expect(unique(provider.enum)).toEqual(unique(runners.map(runner => runner.provider.name)))
    for (const known of runners.flatMap(runner => runner.provider.precisions)) expect(precision.enum).toContain(known)
  })
})

describe('a provider that is added to an engine', () => {
  const { recipe, feeds } = examples['DDPM++ (SongUNet)']
  const added: OnnxProvider = { ...cpu, name: 'added', rank: 5 }
  const absent: OnnxProvider = {
    ...{ ...added, name: 'absent', rank: 1 },
    missing: () => ({ reason: 'its library is not installed', wayOut: 'install it' })
  }
  const runners = runnersOf({ ...onnx, providers: [absent, added, ...onnx.providers] })

  it('is offered by its name, and by what it can do', () => {
    expect(names({ provider: 'added' }, runners)).toEqual(['onnx:added'])
    expect(names({ provider: 'added', precision: 'float16' }, runners)).toEqual([])
    expect(names({}, runners).slice(0, 2)).toEqual(['onnx:absent', 'onnx:added'])
  })

  it('is passed over where something of it is missing, and refused with the reason where it is all that is asked for', async () => {
    const open = (provider?: string) => openExample(examples['DDPM++ (SongUNet)'], cacheDir, { provider }, runners)
    expect((await open()).engine).toBe('onnx:added:float32')
    await expect(open('absent')).rejects.toThrow(/onnx:absent: its library is not installed \(install it\)/)
  })

  it('is tried in a process of its own, and told of, where it may fail though nothing is missing', async () => {
    const tried: OnnxProvider = { ...added, name: 'tried', isTried: true }
    const broken: OnnxProvider = { ...tried, name: 'broken', execution: () => 'no provider of ONNX Runtime' }
    const [works, fails] = runnersOf({ ...onnx, providers: [tried, broken] })
    expect(await availability(works)).toEqual({ works: true })
    expect(await availability(fails)).toMatchObject({ works: false, broken: true })
    const notes: string[] = []
    const options = { recipe, content: 'tried', cacheDir, tensors: () => Promise.resolve(new Map<string, never>()) }
    const opened = await openNetwork({ ...options, onNote: note => notes.push(note) }, [fails, works])
    expect(opened.engine).toBe('onnx:tried:float32')
    expect(notes).toEqual([expect.stringMatching(/^onnx:broken does not work here: .*; see that its driver and/)])
  })

  it('answers as the provider does whose work it is', async () => {
    const answers = await Promise.all(
      ['added', 'cpu'].map(async provider => {
        const { session, close } = await openExample(
          examples['DDPM++ (SongUNet)'],
          cacheDir,
          { engine: 'onnx', provider },
          runners
        )
        const [answer] = await (await session()).run(feeds(1))
        await close()
        return answer
      })
    )
    expect(answers[0]).toEqual(answers[1])
  })
})

describe('an engine that is added to the list', () => {
  const provider: Provider = {
    ...{ name: 'abacus', rank: 0, precisions: ['float32'], gpu: false, hasDevices: false, batchInvariant: true },
    ...{ isTried: false, opensLate: false, missing: () => undefined }
  }
  const session: Session = {
    run: () => Promise.resolve([Float32Array.of(42)]),
    elapsed: () => 0,
    held: () => undefined,
    close: () => Promise.resolve()
  }
  const engine: Engine = {
    name: 'fixture',
    package: 'fixture',
    providers: [provider],
    open: () => Promise.resolve(session),
    trial: () => Promise.reject(new Error('nothing to try'))
  }
  const runners = [...runnersOf(engine), ...RUNNERS]
  const options: NetworkOptions = {
    ...{ recipe: examples['CLIP text'].recipe, content: 'fixture', cacheDir },
    tensors: () => Promise.resolve(new Map())
  }

  it('opens networks, as the fastest or by its name', async () => {
    for (const engine of ['auto', 'fixture']) {
      const opened = await openNetwork({ ...options, engine }, runners)
      expect([opened.engine, opened.batchInvariant, opened.devices]).toEqual(['fixture:abacus:float32', true, 1])
      expect(await (await opened.session()).run([])).toEqual([Float32Array.of(42)])
    }
  })

  it('is not asked to open ONNX files of others unless it reads them', async () => {
    const file = { onnx: 'a.onnx', files: [] }
    const opened = await openOnnxFile(file, runners.filter(({ name }) => /abacus|onnx:cpu/.test(name))) // prettier-ignore
    expect([opened.engine, opened.batchInvariant]).toEqual(['onnx:cpu:float32', false])
    await expect(openOnnxFile({ ...file, engine: 'fixture' }, runners)).rejects.toThrow(/nothing offers engine fixture/)
  })
})
