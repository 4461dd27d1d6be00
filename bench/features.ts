/**
 * Inception's features, ours beside PyTorch's on the same weights and the same cores, in turn: seconds an image, as Markdown.
 * PYTHON names a Python that has torch; default python3.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openInception } from '../src/metrics/inception.js'

const ROUNDS = 5
const BATCH = 16
const python = process.env.PYTHON ?? 'python3'
const peer = fileURLToPath(new URL('peers/inception.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
const weights = join(folder, 'inception.pt')
try {
  const saved = spawnSync(python, [peer, '--save', weights], { encoding: 'utf8' })
  if (saved.status !== 0)
    throw new Error(`${python} cannot run PyTorch: ${saved.stderr.trim().split('\n').at(-1) ?? ''}`)
  const { seconds: theirs, close, version } = torch()
  console.log(
    `| images of | ours, s an image | PyTorch ${await version()} | ours / PyTorch |\n| --- | --- | --- | --- |`
  )
  for (const size of [32, 64, 256]) {
    const inception = await openInception({ weights, preparation: 'tensorflow', size: [size, size], cacheDir: folder })
    const images = new Uint8Array(BATCH * size * size * 3).fill(128)
    const ours = async () => {
      const begun = performance.now()
      await inception.features(images, BATCH)
      return (performance.now() - begun) / 1000
    }
    const pairs: [number, number][] = []
    for (let round = 0; round <= ROUNDS; round++) pairs.push([await ours(), await theirs([BATCH, 3, size, size])])
    await inception.close()
    const kept = pairs.slice(1)
    const [a, b, ratio] = [kept.map(([x]) => x), kept.map(([, y]) => y), kept.map(([x, y]) => x / y)].map(median)
    console.log(`| ${size}x${size} | ${(a / BATCH).toFixed(4)} | ${(b / BATCH).toFixed(4)} | ${ratio.toFixed(2)} |`)
  }
  console.log(`\n${availableParallelism()} cores, batches of ${BATCH}, medians of ${ROUNDS} rounds.`)
  close()
} finally {
  rmSync(folder, { recursive: true })
}

/** PyTorch in a process of its own, which is warm before it is timed. */
function torch() {
  const child = spawn(python, [peer, '--threads', `${availableParallelism()}`], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)
  const ask = async (shape: readonly number[]) => {
    child.stdin.write(`${JSON.stringify(shape)}\n`)
    const [line] = (await once(lines, 'line')) as [string]
    return JSON.parse(line) as { seconds: number; torch: string }
  }
  return {
    version: async () => (await ask([1, 3, 32, 32])).torch,
    seconds: async (shape: readonly number[]) => (await ask(shape)).seconds,
    close: () => child.stdin.end()
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}
