import type { TorchGenerator } from './generator.js'

/** Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four words of 32 bits. */
export function philox(
  [c0, c1, c2, c3]: readonly [number, number, number, number],
  [k0, k1]: readonly [number, number]
): [number, number, number, number] {
  for (let round = 0; round < ROUNDS; round++) {
    const [high0, low0] = product(M0, c0)
    const [high1, low1] = product(M1, c2)
    ;[c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0]
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  return [c0, c1, c2, c3]
}

const ROUNDS = 10
const [M0, M1] = [0xd2511f53, 0xcd9e8d57]
const [W0, W1] = [0x9e3779b9, 0xbb67ae85]

/** The upper and lower 32 bits of a product of two words. */
function product(a: number, b: number): [high: number, low: number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff]
  const low = aLow * bLow
  const middle = aHigh * bLow + (low >>> 16)
  const other = aLow * bHigh + (middle & 0xffff)
  const high = aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)
  return [high >>> 0, Math.imul(a, b) >>> 0]
}

/**
 * torch.Generator('cuda').manual_seed(seed): Philox4x32-10 with the seed as its key, by cuRAND. A call gives element i
 * the first of the four numbers of subsequence i, as long as the GPU can run a thread for each element at once (163,840
 * on a V100, 221,184 on an A100), and moves on by four. Normal numbers are Box-Muller's sine; the GPU's own logarithm
 * and sine are less exact than these, so that they agree to 2.3e-6 (an H200), a fifth of them to the bit. Whole numbers
 * are the same.
 * @throws RangeError unless seed is a whole number from 0 to 2^32 - 1
 */
export function torchCudaGenerator(seed: number): TorchGenerator {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`a seed is a whole number from 0 to 4294967295, found ${seed}`)
  let call = 0
  const draw = (element: number) => philox([call, 0, element, 0], [seed, 0])
  return {
    randn(count) {
      const values = Float32Array.from({ length: count }, (_, i) => normal(draw(i)))
      call += 1
      return values
    },
    randint(high) {
      const [value] = draw(0)
      call += 1
      return value % high
    }
  }
}

const UNIT = Math.fround(2 ** -32)
const TURN = Math.fround(2 ** -32 * 2 * Math.PI)

/** cuRAND's Box-Muller transformation in single precision. */
function normal([x, y]: readonly number[]): number {
  const u = Math.fround(Math.fround(Math.fround(x) * UNIT) + UNIT / 2)
  const angle = Math.fround(Math.fround(Math.fround(y) * TURN) + TURN / 2)
  return Math.fround(Math.fround(Math.sqrt(Math.fround(-2 * Math.log(u)))) * Math.sin(angle))
}
