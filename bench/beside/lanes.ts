import { fileURLToPath } from 'node:url'
import { peer, talk, type Talk } from '../peers.js'
import type { Graphs } from './prepare.js'

/** What a lane is started with. */
export interface Prepared {
  /** The network's name. */
  readonly name: string
  /** The folder of the model that it is of. */
  readonly model: string
  readonly graphs: Graphs
}

/** One of those that are timed beside ours. */
export interface Lane {
  /** Its name in tables. */
  readonly title: string
  /** What Python needs for it. */
  readonly packages: readonly string[]
  /** Its memory, in that of the network's peers. */
  readonly memory: number
  /** Whether it runs what others made of the network, and not our graph. */
  readonly independent: boolean
  readonly start: (prepared: Prepared) => Talk
}

const torch = (title: string, mode: string, memory: number): Lane => ({
  ...{ title, packages: ['torch', 'safetensors'], memory, independent: true },
  start: ({ name, model }) => peer('torch_network.py', ['--network', name, '--folder', model, '--mode', mode])
})

/** All lanes, by the names that `--peers` takes. */
export const LANES: Readonly<Record<string, Lane>> = {
  eager: torch('PyTorch eager', 'eager', 1),
  'channels-last': torch('PyTorch eager, channels last', 'channels-last', 1),
  compile: torch('torch.compile with freezing', 'compile', 2),
  onnxruntime: {
    ...{ title: 'ONNX Runtime from Python, plain graph', packages: ['onnxruntime'], memory: 1.5, independent: true },
    start: ({ graphs }) => peer('onnx_graph.py', ['--graph', graphs.plain])
  },
  'onnxruntime-ours': {
    ...{ title: 'ONNX Runtime from Python, our graph', packages: ['onnxruntime'], memory: 1.5, independent: false },
    start: ({ graphs }) => peer('onnx_graph.py', ['--graph', graphs.ours])
  },
  openvino: {
    ...{ title: 'OpenVINO, plain graph', packages: ['openvino'], memory: 1.5, independent: true },
    start: ({ graphs }) => peer('openvino_graph.py', ['--graph', graphs.plain])
  }
}

/** Our own engine. */
export function startOurs({ graphs }: Prepared): Talk {
  return talk(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('ours.ts', import.meta.url)), graphs.ours])
}
