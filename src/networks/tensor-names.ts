import type { NetworkCheckpoint } from '../checkpoints/tensor.js'

type Tensors = NetworkCheckpoint['tensors']

/** The names of each numbered block's tensors, without the block's own: `group.INDEX.NAME`. */
export function numberedBlocks(tensors: Tensors, group: string): readonly (readonly string[])[] {
  const found: string[][] = []
  for (const name of tensors.keys()) {
    const match = name.startsWith(`${group}.`) && /^(\d+)\.(.*)$/.exec(name.slice(group.length + 1))
    if (match) (found[Number(match[1])] ??= []).push(match[2])
  }
  return found
}

/** The sizes of a tensor; none where there is no such tensor. */
export function shapesOf(tensors: Tensors): (name: string) => readonly number[] {
  return name => tensors.get(name)?.shape ?? []
}
