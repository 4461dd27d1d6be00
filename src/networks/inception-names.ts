import type { NetworkCheckpoint, Tensor } from '../checkpoints/tensor.js'

type Tensors = NetworkCheckpoint['tensors']

/**
 * The weights of Inception-v3 under pytorch-fid's names. They may come under those, or under TensorFlow's
 * (`mixed_3.tower.conv_1`), as NVIDIA publishes them (inception-2015-12-05). Undefined if they are another network's.
 */
export function inceptionTensors(tensors: Tensors): Tensors | undefined {
  if (tensors.has('Conv2d_1a_3x3.conv.weight')) return tensors
  if (!tensors.has('layers.conv.weight')) return undefined
  return new Map([...tensors].flatMap(([name, tensor]) => renamed(name, tensor)))
}

const STEM: Readonly<Record<string, string>> = {
  conv: 'Conv2d_1a_3x3',
  conv_1: 'Conv2d_2a_3x3',
  conv_2: 'Conv2d_2b_3x3',
  conv_3: 'Conv2d_3b_1x1',
  conv_4: 'Conv2d_4a_3x3'
}

/** Blocks of one kind: their names by number, and their branches, each a run of convolutions. */
interface Kind {
  readonly blocks: Readonly<Record<string, string>>
  readonly branches: Readonly<Record<string, string>>
}

const KINDS: readonly Kind[] = [
  {
    blocks: { mixed: 'Mixed_5b', mixed_1: 'Mixed_5c', mixed_2: 'Mixed_5d' },
    branches: {
      conv: 'branch1x1',
      ...run('tower', 'branch5x5', 2),
      ...run('tower_1', 'branch3x3dbl', 3),
      tower_2_conv: 'branch_pool'
    }
  },
  { blocks: { mixed_3: 'Mixed_6a' }, branches: { conv: 'branch3x3', ...run('tower', 'branch3x3dbl', 3) } },
  {
    blocks: { mixed_4: 'Mixed_6b', mixed_5: 'Mixed_6c', mixed_6: 'Mixed_6d', mixed_7: 'Mixed_6e' },
    branches: {
      conv: 'branch1x1',
      ...run('tower', 'branch7x7', 3),
      ...run('tower_1', 'branch7x7dbl', 5),
      tower_2_conv: 'branch_pool'
    }
  },
  {
    blocks: { mixed_8: 'Mixed_7a' },
    branches: { ...run('tower', 'branch3x3', 2), ...run('tower_1', 'branch7x7x3', 4) }
  },
  {
    blocks: { mixed_9: 'Mixed_7b', mixed_10: 'Mixed_7c' },
    branches: {
      conv: 'branch1x1',
      ...run('tower', 'branch3x3', 1),
      tower_mixed_conv: 'branch3x3_2a',
      tower_mixed_conv_1: 'branch3x3_2b',
      ...run('tower_1', 'branch3x3dbl', 2),
      tower_1_mixed_conv: 'branch3x3dbl_3a',
      tower_1_mixed_conv_1: 'branch3x3dbl_3b',
      tower_2_conv: 'branch_pool'
    }
  }
]

/** `tower_conv`, `tower_conv_1`, ... are `branch_1`, `branch_2`, ... */
function run(tower: string, branch: string, count: number): Record<string, string> {
  const names: Record<string, string> = {}
  for (let i = 0; i < count; i++) names[`${tower}_conv${i === 0 ? '' : `_${i}`}`] = `${branch}_${i + 1}`
  return names
}

const PARTS: Readonly<Record<string, string>> = {
  weight: 'conv.weight',
  beta: 'bn.bias',
  mean: 'bn.running_mean',
  var: 'bn.running_var'
}

/** A tensor under its other name; with a convolution's, the scale of 1 that its normalisation goes without. */
function renamed(name: string, tensor: Tensor): [string, Tensor][] {
  const [layers, ...path] = name.split('.')
  const part = path.pop() ?? ''
  const layer = layers === 'layers' ? layerOf(path) : undefined
  if (layer === undefined || !(part in PARTS)) return [[name, tensor]]
  const own: [string, Tensor] = [`${layer}.${PARTS[part]}`, tensor]
  return part === 'weight' ? [own, [`${layer}.bn.weight`, ones(tensor.shape[0] ?? 0)]] : [own]
}

/** `mixed_3`, `tower`, `conv_1`; the last two may stand as one, `tower_conv_1`. */
function layerOf([block = '', ...within]: readonly string[]): string | undefined {
  if (within.length === 0) return STEM[block]
  const kind = KINDS.find(({ blocks }) => block in blocks)
  const branch = kind?.branches[within.join('_')]
  return kind && branch && `${kind.blocks[block]}.${branch}`
}

function ones(count: number): Tensor {
  return {
    kind: 'tensor',
    dtype: 'float32',
    shape: [count],
    data: new Uint8Array(new Float32Array(count).fill(1).buffer)
  }
}
