/**
 * FID beside the tools that people measure it with: pytorch-fid, torch-fidelity and clean-fid compare the same two
 * folders of images as epd-run does, with the same weights, each in the file and at the place where it looks for them.
 * Distances, and seconds from the start of the command to its answer, in turn, as Markdown. Weights and images are made
 * up by rule. `--images N` says how many images a folder has (512), `--size N` of how many pixels a side (32),
 * `--rounds N` how often all are compared (3), and `--json FILE` writes the distances; with `--images 8` those of
 * test/fixtures/fid-tools.json.
 *
 * PYTHON names a Python that has torch and torchvision and finds the tools, also by PYTHONPATH; default python3. It
 * needs `npm run build`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { encodeSafetensors } from '../src/checkpoints/safetensors.js'
import { toPng } from '../src/images/to-png.js'
import { frechetDistance } from '../src/metrics/frechet.js'
import { readStatistics } from '../src/metrics/reference.js'
import type { InceptionInput } from '../src/networks/inception-inputs.js'
import { inceptionTensors } from '../src/networks/inception-names.js'
import { nvidiaInception, waves } from '../test/support/inception-files.js'
import { python } from './peers.js'
import { median, timed } from './report.js'

const COLUMNS = [
  ...['tool', 'epd-run prepares as', 'its FID', 'ours', 'differ by'],
  ...['its seconds', 'ours', 'its / ours']
]
const root = fileURLToPath(new URL('..', import.meta.url))
const script = fileURLToPath(new URL('peers/fid.py', import.meta.url))

/** A way to measure FID in Python, and what epd-run compares with it. */
interface Peer {
  readonly tool: string
  /** The tool as fid.py names it. */
  readonly module: string
  /** epd-run's preparation, and its file of weights. */
  readonly preparation: InceptionInput
  readonly weights: 'hub' | 'nvidia'
  /** Python's arguments for two folders. */
  readonly command: (a: string, b: string) => readonly string[]
  /** What stands before the distance in its output. */
  readonly says: string
}

const PEERS: readonly Peer[] = [
  {
    ...{ tool: 'pytorch-fid', module: 'pytorch-fid', preparation: 'pytorch', weights: 'hub', says: 'FID: ' },
    command: (a, b) => ['-m', 'pytorch_fid', a, b, '--device', 'cpu']
  },
  {
    ...{
      tool: 'torch-fidelity',
      module: 'torch-fidelity',
      preparation: 'tensorflow',
      weights: 'hub',
      says: 'frechet_inception_distance: '
    },
    command: (a, b) => ['-m', 'torch_fidelity.fidelity', '--cpu', '--fid', '--input1', a, '--input2', b]
  },
  cleanFid('clean', 'clean', 'nvidia'),
  cleanFid('legacy_pytorch', 'pytorch', 'hub'),
  cleanFid('legacy_tensorflow', 'tensorflow', 'nvidia')
]

function cleanFid(mode: string, preparation: InceptionInput, weights: Peer['weights']): Peer {
  const command = (a: string, b: string) => [script, 'clean-fid', mode, a, b]
  return { tool: `clean-fid, ${mode}`, module: 'clean-fid', preparation, weights, command, says: 'FID: ' }
}

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '512' },
    size: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' }
  }
})
const [images, size, rounds] = [Number(values.images), Number(values.size), Number(values.rounds)]
const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
const env = { ...process.env, TORCH_HOME: folder, XDG_CACHE_HOME: folder }
const weights = {
  hub: join(folder, 'hub', 'checkpoints', 'pt_inception-2015-12-05-6726825d.pth'),
  nvidia: join(folder, 'inception-2015-12-05.pt')
}

/** Two folders of images. */
type Pair = readonly [first: string, second: string]

/** What a comparison of two folders gave: distances, and the milliseconds that they took. */
interface Measured {
  readonly theirs: number
  readonly ours: number
  readonly theirTime: number
  readonly ourTime: number
}

/** A tool that could not be measured, and why. */
class NotMeasured extends Error {}

try {
  const pair = [writeImages('first'), writeImages('second')] as const
  const { missing, torch } = about()
  if (PEERS.some(({ module }) => !(module in missing))) {
    writeWeights()
    python3(script, 'place', folder)
  }
  console.log(`| ${COLUMNS.join(' | ')} |\n|${' --- |'.repeat(COLUMNS.length)}`)
  const distances: { tool: string; preparation: InceptionInput; distance: number }[] = []
  for (const peer of PEERS) {
    try {
      if (peer.module in missing) throw new NotMeasured(missing[peer.module])
      const { cells, distance } = await measured(peer, pair)
      console.log(`| ${[peer.tool, peer.preparation, ...cells].join(' | ')} |`)
      distances.push({ tool: peer.tool, preparation: peer.preparation, distance })
    } catch (error) {
      if (!(error instanceof NotMeasured)) throw error
      console.log(`| ${peer.tool} | not measured: ${error.message} |`)
    }
  }
  console.log(
    `\nTwo folders of ${images} images of ${size}x${size}, ${availableParallelism()} cores, PyTorch ${torch ?? 'none'}, rounds: ${rounds}.`
  )
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ images, size, torch, distances }, null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}

/** The cells of a row, and the tool's distance. */
async function measured(peer: Peer, pair: Pair): Promise<{ cells: string[]; distance: number }> {
  const found: Measured[] = []
  for (let i = 0; i < rounds; i++) found.push(await compared(peer, pair))
  const [{ theirs, ours }] = found
  const of = (value: (one: Measured) => number) => median(found.map(value))
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1)
  const cells = [
    ...[theirs.toPrecision(7), ours.toPrecision(7), Math.abs(ours / theirs - 1).toExponential(1)],
    ...[seconds(of(({ theirTime }) => theirTime)), seconds(of(({ ourTime }) => ourTime))],
    of(({ theirTime, ourTime }) => theirTime / ourTime).toFixed(2)
  ]
  return { cells, distance: theirs }
}

async function compared(peer: Peer, pair: Pair): Promise<Measured> {
  const distances = { ours: NaN, theirs: NaN }
  const ourTime = await timed(async () => void (distances.ours = await ourDistance(peer, pair)))
  const theirTime = await timed(() => Promise.resolve(void (distances.theirs = theirDistance(peer, pair))))
  return { ...distances, ourTime, theirTime }
}

/** The distance of the statistics that `epd-run reference` makes of the two folders. */
async function ourDistance({ preparation, weights: file }: Peer, pair: Pair): Promise<number> {
  const [a, b] = pair.map(images => {
    const out = `${images}.npz`
    rmSync(out, { force: true })
    const command = [join(root, 'dist', 'cli', 'main.js'), 'reference', images, '--out', out]
    const options = ['--weights', weights[file], '--preparation', preparation]
    const { status, stderr } = spawnSync(process.execPath, [...command, ...options], { encoding: 'utf8', env })
    if (status !== 0) throw new Error(stderr)
    return out
  })
  return frechetDistance(await readStatistics(a), await readStatistics(b))
}

/** @throws NotMeasured if the tool ends with an error */
function theirDistance({ command, says }: Peer, pair: Pair): number {
  const said = python3(...command(...pair))
  const at = said.lastIndexOf(says)
  if (at < 0) throw new NotMeasured(`it printed ${JSON.stringify(said)}`)
  return parseFloat(said.slice(at + says.length))
}

/** PyTorch's version, and why each tool that cannot be imported cannot. */
function about(): { readonly missing: Readonly<Record<string, string>>; readonly torch: string | null } {
  try {
    return JSON.parse(python3(script, 'about')) as ReturnType<typeof about>
  } catch (error) {
    if (!(error instanceof NotMeasured)) throw error
    return { missing: Object.fromEntries(PEERS.map(({ module }) => [module, error.message])), torch: null }
  }
}

/** What Python prints. @throws NotMeasured with its last words if it fails */
function python3(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(python, args, { encoding: 'utf8', env, maxBuffer: 2 ** 28 })
  if (status === 0) return stdout
  throw new NotMeasured(error?.message ?? stderr.trim().split('\n').at(-1) ?? '')
}

/** The weights under NVIDIA's names and under pytorch-fid's, for fid.py to make files of. */
function writeWeights(): void {
  const nvidia = nvidiaInception()
  const renamed = inceptionTensors(nvidia)
  if (!renamed) throw new Error("the names are not NVIDIA's")
  writeFileSync(join(folder, 'nvidia.safetensors'), encodeSafetensors(nvidia, {}))
  writeFileSync(join(folder, 'pytorch-fid.safetensors'), encodeSafetensors(renamed, {}))
}

/** A folder of the images of a set. */
function writeImages(set: 'first' | 'second'): string {
  const place = join(folder, set)
  mkdirSync(place)
  for (let i = 0; i < images; i++)
    writeFileSync(join(place, `${String(i).padStart(6, '0')}.png`), toPng(waves(set, i, size)))
  return place
}
