/**
 * Writes a network's graphs into a folder, as JSON says on stdout: ours, and a plain one without tiles. A process of its
 * own, since it holds the weights.
 *
 *     tsx prepare.ts NETWORK MODEL FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { safetensorsHeader } from '../../src/checkpoints/safetensors.js'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import { cuda } from '../../src/engines/onnx/providers.js'
import { readParts } from '../../src/models/parts.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import { filled } from '../../test/support/filled.js'
import { NETWORKS } from './networks.js'

/** The graphs of one network. */
export interface Graphs {
  readonly ours: string
  readonly plain: string
}

const CIFAR10 = {
  ...{ model_type: 'SongUNet', img_channels: 3, model_channels: 128, num_blocks: 4, attn_resolutions: [16] },
  ...{ img_resolution: 32, channel_mult: [2, 2, 2], label_dim: 0 }
}

const [name, model, folder] = process.argv.slice(2)
if (name === 'ddpmpp') writeDdpmpp(model)
console.log(JSON.stringify(await graphsOf()))

async function graphsOf(): Promise<Graphs> {
  const { recipe, tensors } = await NETWORKS[name].read(
    await readParts(name === 'ddpmpp' ? join(model, 'model.safetensors') : model)
  )
  const written = async (graph: ReturnType<typeof record>) => (await writeGraph(graph, folder)).path
  const ours = await written(record(recipe, tensors))
  // That target has no tiles and nothing else of its own.
  return { ours, plain: await written(record(recipe, tensors, { provider: cuda, precision: 'float32' })) }
}

/** EDM's network of CIFAR-10 with weights by the fill rule. */
function writeDdpmpp(to: string): void {
  mkdirSync(to, { recursive: true })
  const tensors = filled(denoisingRecipe(networkOf(CIFAR10)))
  const bytes = [...tensors.values()].map(({ data }) => data)
  writeFileSync(join(to, 'model.safetensors'), Buffer.concat([safetensorsHeader(tensors), ...bytes]))
  writeFileSync(join(to, 'config.json'), JSON.stringify({ class_name: 'EDMPrecond', init_kwargs: CIFAR10 }))
}
