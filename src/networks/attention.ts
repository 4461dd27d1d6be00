import type { Ops } from '../engines/ops.js'
import { scale } from './layers.js'

/** Scores of a head that are held at once, where its tokens can be divided so: those of 512 tokens to 4,096 others. */
const SCORES = 2 ** 21

/**
 * Scaled dot-product attention of several heads (Vaswani et al. 2017): q [batch, tokens, channels], k and v [batch,
 * others, channels]. `mask` is added to the scores, [tokens, others].
 */
export function multiHead<T>(ops: Ops<T>, q: T, k: T, v: T, heads: number, mask?: T): T {
  const [, tokens, channels] = ops.shape(q)
  const size = channels / heads
  const apart = (x: T, order: readonly number[]) =>
    ops.transpose(ops.reshape(x, [0, ops.shape(x)[1], heads, size]), order)
  const keys = apart(k, [0, 2, 3, 1])
  const queries = scale(ops, apart(q, [0, 2, 1, 3]), 1 / Math.sqrt(size))
  let values: T | undefined
  const attended = (part: T) => {
    const scores = ops.matmul(part, keys)
    const shares = ops.softmax(mask === undefined ? scores : ops.add(scores, mask), -1)
    return ops.matmul(shares, (values ??= apart(v, [0, 2, 1, 3])))
  }
  const mixed =
    mask === undefined ? inBlocks(ops, queries, { others: ops.shape(k)[1], axis: 2, attended }) : attended(queries)
  return ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [0, tokens, channels])
}

/**
 * Attention of pixels (Vaswani et al. 2017) with tokens last: q and the result are [batch, heads, size, pixels], k and
 * v [batch, heads, size, others].
 */
export function overPixels<T>(ops: Ops<T>, q: T, k: T, v: T): T {
  const [, , size] = ops.shape(q)
  const queries = ops.transpose(scale(ops, q, 1 / Math.sqrt(size)), [0, 1, 3, 2])
  const attended = (part: T) => ops.matmul(v, ops.transpose(ops.softmax(ops.matmul(part, k), -1), [0, 1, 3, 2]))
  return inBlocks(ops, queries, { others: ops.shape(k)[3], axis: 3, attended })
}

interface Attending<T> {
  /** The tokens that are attended to. */
  readonly others: number
  /** The axis of tokens in what `attended` answers. */
  readonly axis: number
  /** What some queries come to: [batch, heads, tokens, size]. */
  readonly attended: (queries: T) => T
}

/**
 * Attention of a block of tokens after the other: each token's scores are its own, and all of them at once take half a
 * gigabyte where 8 heads of 4,096 tokens attend to each other.
 */
function inBlocks<T>(ops: Ops<T>, queries: T, { others, axis, attended }: Attending<T>): T {
  const [, , tokens] = ops.shape(queries)
  let count = Math.max(1, Math.ceil((tokens * others) / SCORES))
  while (tokens % count !== 0) count++
  return count === 1 ? attended(queries) : ops.concat(ops.split(queries, count, 2).map(attended), axis)
}
