import type { NetworkCheckpoint } from './tensor.js'

type Tensors = NetworkCheckpoint['tensors']

/** The name in the file of a tensor that was renamed, present or missing; undefined where it is not known. */
type Origin = (name: string) => string | undefined

const origins = new WeakMap<Tensors, Origin>()

/** Notes how `renamed` are called in the tensors that they were made of, whose own origin still counts. */
export function withOrigin<Renamed extends Tensors>(renamed: Renamed, from: Tensors, origin: Origin): Renamed {
  const before = origins.get(from)
  origins.set(renamed, name => {
    const earlier = origin(name)
    return earlier === undefined ? undefined : (before?.(earlier) ?? earlier)
  })
  return renamed
}

/** The name of a tensor in the file that it came from; its own where it was never renamed. */
export function nameInFile(tensors: Tensors, name: string): string {
  return origins.get(tensors)?.(name) ?? name
}
