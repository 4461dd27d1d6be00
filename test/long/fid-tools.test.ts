import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import { toPng } from '../../src/images/to-png.js'
import { frechetDistance } from '../../src/metrics/frechet.js'
import { readStatistics } from '../../src/metrics/reference.js'
import { epdRun, temporaryFolder } from '../support/cli.js'
import { fixture } from '../support/fixture.js'
import { nvidiaInception, waves } from '../support/inception-files.js'

/** What pytorch-fid, torch-fidelity and clean-fid say of two folders; `npm run bench:fid -- --json FILE` writes it. */
const { images, size, distances } = fixture<{
  readonly images: number
  readonly size: number
  readonly distances: readonly { readonly tool: string; readonly preparation: string; readonly distance: number }[]
}>('fid-tools.json')
const weights = join(temporaryFolder(), 'inception.safetensors')
writeFileSync(weights, encodeSafetensors(new Map(nvidiaInception()), {}))
const env = { ...process.env, XDG_CACHE_HOME: temporaryFolder() }

async function statistics(set: 'first' | 'second', preparation: string) {
  const folder = temporaryFolder()
  for (let i = 0; i < images; i++) writeFileSync(join(folder, `${i}.png`), toPng(waves(set, i, size)))
  const out = join(temporaryFolder(), 'statistics.npz')
  const options = ['--weights', weights, '--preparation', preparation, '--out', out, '--json']
  const { code, stdout, stderr } = await epdRun(['reference', folder, ...options], { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ images, preparation })
  return readStatistics(out)
}

describe('the Frechet distance of two folders', () => {
  const preparations = ['tensorflow', 'pytorch', 'clean'] as const
  const toolsOf = (name: string) => distances.filter(({ preparation }) => preparation === name)

  it.each(preparations)('prepared as %s is that of the tools which prepare images so', async preparation => {
    const [first, second] = [await statistics('first', preparation), await statistics('second', preparation)]
    const ours = await frechetDistance(first, second)
    expect(toolsOf(preparation)).not.toEqual([])
    for (const { distance } of toolsOf(preparation)) expect(Math.abs(ours / distance - 1)).toBeLessThan(1e-5)
  })

  it('differs between preparations by more than between tools', () => {
    const [tensorflow, pytorch, clean] = preparations.map(name => toolsOf(name)[0].distance)
    for (const ratio of [tensorflow / pytorch, pytorch / clean, clean / tensorflow])
      expect(Math.abs(ratio - 1)).toBeGreaterThan(1e-2)
  })
})
