import { mkdtempSync, renameSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { partsDigest } from '../../src/models/parts.js'
import { describeCopies, findCopies } from '../../src/pipeline/assets.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { writeDdpm } from '../models/latent.js'

const root = mkdtempSync(join(tmpdir(), 'epd-assets-'))

describe('describeCopies', () => {
  it('describes the weights of the variant that the model names', async () => {
    const folder = writeDdpm(join(root, 'ddpm'))
    const stem = join(folder, 'diffusion_pytorch_model')
    renameSync(`${stem}.safetensors`, `${stem}.non_ema.safetensors`)
    const text = `name: a\nmodel: { checkpoint: ${folder}, variant: non_ema }\nsolver: { name: euler, nfe: 3 }\nstages: { s: { kind: sample, seeds: 0 } }\n`
    const experiment = loadExperiment({ file: join(root, 'a.yaml'), text })
    const [described] = await describeCopies(experiment, await findCopies(experiment, root))
    expect(described.digest).toBe(await partsDigest(folder, { variant: 'non_ema' }))
    expect(described.bytes).toBeGreaterThan(statSync(`${stem}.non_ema.safetensors`).size)
  })
})
