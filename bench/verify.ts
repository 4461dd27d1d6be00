/**
 * What it costs to check a compiled network before it runs, as Markdown: how much longer it takes by the clock, and by
 * the processors' time, from opening the network to its first answer, and of a whole run of one sample, from the start
 * of the process to its end. Checked and unchecked take turns, each in a process of its own. `--only NAME` takes one
 * network, `--rounds N` (default 5).
 */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { safetensorsHeader } from '../src/checkpoints/safetensors.js'
import { denoisingRecipe } from '../src/networks/network.js'
import { networkOf } from '../src/networks/registry.js'
import { filled } from '../test/support/filled.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const song = { model_type: 'SongUNet', img_channels: 3 }
const networks: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'shapes16: the default experiment': {
    ...{ ...song, img_resolution: 16, model_channels: 32, channel_mult: [1, 2] },
    ...{ num_blocks: 1, attn_resolutions: [8] }
  },
  'CIFAR-10: EDM DDPM++ 32': {
    ...{ ...song, img_resolution: 32, model_channels: 128, channel_mult: [2, 2, 2] },
    ...{ num_blocks: 4, attn_resolutions: [16] }
  },
  'ImageNet 64: EDM ADM': { img_resolution: 64, img_channels: 3, label_dim: 1000 }
}

/** Two copies of the program, of which one takes every file for what was written. */
const MODES = ['unchecked', 'checked'] as const
type Mode = (typeof MODES)[number]

const UNCHECKED = 'export class ChangedFile extends Error {}\nexport const openVerified = (_, open) => open()\n'

/** One sample of one evaluation. */
const SPEC = `name: start
model: { checkpoint: model.safetensors, engine: onnx, provider: cpu }
solver: { name: euler, numSteps: 2, schedule: { type: polynomial } }
stages: { samples: { kind: sample, solver: { name: euler, numSteps: 2 }, seeds: [0] } }
`

/** In the process that is timed: milliseconds that its processors have worked. */
const USED = 'const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }'
const TELL = `${USED}\nprocess.on('exit', () => process.stderr.write('\\nprocessors ' + used() + '\\n'))`

interface Times {
  readonly wall: number
  readonly processors: number
}

const { values } = parseArgs({ options: { only: { type: 'string' }, rounds: { type: 'string', default: '5' } } })
mkdirSync(join(ROOT, 'runs'), { recursive: true })
// Below this folder, where node_modules are found.
const work = mkdtempSync(join(ROOT, 'runs', 'bench-verify-'))
try {
  build()
  console.log('| network | weights | | unchecked | checked | longer | processors: unchecked | checked | longer |')
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const name of Object.keys(networks))
    if (values.only === undefined || values.only === name) compare(name, Number(values.rounds))
} finally {
  rmSync(work, { recursive: true })
}

function build(): void {
  const config = ['-p', join(ROOT, 'tsconfig.build.json'), '--incremental', 'false', '--tsBuildInfoFile', 'null']
  run([join(ROOT, 'node_modules/typescript/bin/tsc')], [...config, '--outDir', join(work, 'dist')])
  for (const mode of MODES) {
    cpSync(join(work, 'dist'), join(work, mode, 'dist'), { recursive: true })
    for (const name of ['package.json', 'schemas'])
      cpSync(join(ROOT, name), join(work, mode, name), { recursive: true })
  }
  writeFileSync(join(work, 'unchecked/dist/files/verified.js'), UNCHECKED)
}

function compare(name: string, rounds: number): void {
  const store = join(work, 'store')
  const spec = join(work, 'spec.yaml')
  writeCheckpoint(networks[name])
  writeFileSync(spec, SPEC)
  const measures = { 'from opening to an answer': opened, 'a whole run': whole }
  try {
    whole('checked', spec, store)
    const bytes = readdirSync(join(store, 'cache')).reduce(
      (sum, file) => sum + statSync(join(store, 'cache', file)).size,
      0
    )
    for (const [what, measure] of Object.entries(measures)) {
      const times = { unchecked: new Array<Times>(), checked: new Array<Times>() }
      for (let round = 0; round < rounds; round++)
        for (const mode of round % 2 === 0 ? MODES : [...MODES].reverse()) times[mode].push(measure(mode, spec, store))
      console.log(row([name, `${(bytes / 1e6).toFixed(1)} MB`, what], times))
    }
  } finally {
    rmSync(store, { recursive: true, force: true })
  }
}

function writeCheckpoint(config: Readonly<Record<string, unknown>>): void {
  const tensors = filled(denoisingRecipe(networkOf(config)))
  const file = openSync(join(work, 'model.safetensors'), 'w')
  writeSync(file, safetensorsHeader(tensors))
  for (const { data } of tensors.values()) for (let at = 0; at < data.length;) at += writeSync(file, data, at)
  closeSync(file)
  writeFileSync(join(work, 'config.json'), JSON.stringify({ class_name: 'EDMPrecond', init_kwargs: config }))
}

/** The command line, on a store that has the compiled network and nothing else. */
function whole(mode: Mode, spec: string, store: string): Times {
  for (const name of ['store.sqlite', 'objects', 'images']) rmSync(join(store, name), { recursive: true, force: true })
  const begun = performance.now()
  const { stderr } = run(
    ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`, join(work, mode, 'dist/cli/main.js')],
    [spec, '--store', store]
  )
  const wall = performance.now() - begun
  return { wall, processors: Number(/processors (\S+)/.exec(stderr)?.[1]) }
}

function opened(mode: Mode, _: string, store: string): Times {
  const script = join(work, 'opened.mjs')
  const [module, checkpoint, cache] = [
    join(work, mode, 'dist/models/open.js'),
    join(work, 'model.safetensors'),
    join(store, 'cache')
  ].map(path => JSON.stringify(path))
  writeFileSync(
    script,
    `import { openModel } from ${module}
${USED}
const model = await openModel({ checkpoint: ${checkpoint}, cacheDir: ${cache}, engine: 'onnx', provider: 'cpu' })
const [begun, before] = [performance.now(), used()]
await model.denoise(new Float64Array(model.shape.reduce((a, b) => a * b)), Float64Array.of(1))
console.log(performance.now() - begun, used() - before)
await model.close()`
  )
  const [wall, processors] = run([script], []).stdout.split(' ').map(Number)
  return { wall, processors }
}

function run(command: readonly string[], args: readonly string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], { encoding: 'utf8', cwd: ROOT })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`)
  return { stdout, stderr }
}

function row(begin: readonly string[], times: Readonly<Record<Mode, readonly Times[]>>): string {
  const cells = (['wall', 'processors'] as const).flatMap(of => [
    ...MODES.map(mode => `${(median(times[mode].map(time => time[of])) / 1000).toFixed(2)} s`),
    `${(100 * median(times.checked.map((time, i) => time[of] / times.unchecked[i][of] - 1))).toFixed(1)} %`
  ])
  return `| ${[...begin, ...cells].join(' | ')} |`
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
