/** A stream of uniform numbers in (0, 1) that depends on the seed and the stream's number alone (SplitMix32). */
function uniforms(seed: number, stream: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b9) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (((mixed ^ (mixed >>> 15)) >>> 0) + 0.5) / 2 ** 32
  }
}

/** Numbers from N(0, 1) (Box and Muller 1958). */
export function normals(seed: number, count: number): Float64Array {
  const next = uniforms(seed, 0)
  return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()))
}

/** 0 to count - 1 in random order (Fisher and Yates); another one for each epoch. */
export function shuffled(seed: number, epoch: number, count: number): number[] {
  const next = uniforms(seed, epoch + 1)
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}
