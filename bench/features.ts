/**
 * Inception's features, ours beside PyTorch's on the same weights and the same cores, in turn: seconds an image, as
 * Markdown. PYTHON names a Python that has torch; default python3.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openInception } from '../src/metrics/inception.js'
import { peer, python } from './peers.js'
import { inTurn } from './report.js'

const ROUNDS = 5
const BATCH = 16
const script = fileURLToPath(new URL('peers/inception.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
const weights = join(folder, 'inception.pt')
try {
  const saved = spawnSync(python, [script, '--save', weights], { encoding: 'utf8' })
  if (saved.status !== 0)
    throw new Error(`${python} cannot run PyTorch: ${saved.stderr.trim().split('\n').at(-1) ?? ''}`)
  const { ask, close } = peer('inception.py')
  const { torch } = await ask([1, 3, 32, 32])
  console.log(`| images of | ours, s an image | PyTorch ${String(torch)} | ours / PyTorch |\n| --- | --- | --- | --- |`)
  for (const size of [32, 64, 256]) {
    const inception = await openInception({ weights, preparation: 'tensorflow', size: [size, size], cacheDir: folder })
    const images = new Uint8Array(BATCH * size * size * 3).fill(128)
    const { ours, theirs, ratio } = await inTurn(
      ROUNDS,
      () => inception.features(images, BATCH),
      async () => 1000 * (await ask([BATCH, 3, size, size])).seconds
    )
    await inception.close()
    const [a, b] = [ours, theirs].map(milliseconds => (milliseconds / 1000 / BATCH).toFixed(4))
    console.log(`| ${size}x${size} | ${a} | ${b} | ${ratio.toFixed(2)} |`)
  }
  console.log(`\n${availableParallelism()} cores, batches of ${BATCH}, medians of ${ROUNDS} rounds.`)
  await close()
} finally {
  rmSync(folder, { recursive: true })
}
