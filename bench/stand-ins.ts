/**
 * Writes what specs/cifar10-nfe5.yaml reads into a folder, in full size and with made-up weights, so that all of it runs without a
 * network: EPD_ASSETS=FOLDER epd-run specs/cifar10-nfe5.yaml, with few seeds by --set.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inceptionRecipe } from '../src/metrics/inception.js'
import { writeStatistics, writeWeights } from '../test/stand-ins.js'
import { denoisingRecipe } from '../src/networks/network.js'
import { networkOf } from '../src/networks/registry.js'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('usage: tsx bench/stand-ins.ts FOLDER')
mkdirSync(folder, { recursive: true })

const kwargs = {
  ...{ model_type: 'SongUNet', img_resolution: 32, img_channels: 3, model_channels: 128, channel_mult: [2, 2, 2] },
  ...{ num_blocks: 4, attn_resolutions: [16] }
}
writeFileSync(join(folder, 'config.json'), JSON.stringify({ class_name: 'EDMPrecond', init_kwargs: kwargs }))
writeWeights(join(folder, 'edm-cifar10-32x32-uncond-vp.pkl'), denoisingRecipe(networkOf(kwargs)))
writeWeights(join(folder, 'pt_inception-2015-12-05-6726825d.pth'), inceptionRecipe([32, 32], 'tensorflow'))
writeStatistics(join(folder, 'cifar10-32x32.npz'), 2048)
