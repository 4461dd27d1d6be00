import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import { pooled } from '../../src/engines/pool.js'
import type { Feed, Session } from '../../src/engines/session.js'

/** A device that doubles numbers and holds so many samples, with the batches that it was given. */
function device(room: number, full = 'CUDA failure 2: out of memory'): { session: Session; batches: number[] } {
  const batches: number[] = []
  const run = async (feeds: readonly Feed[]) => {
    const [{ shape, data }] = feeds
    batches.push(shape[0])
    await new Promise(resolve => setTimeout(resolve, 5))
    if (shape[0] > room) throw new EpdError('engine-failed', `ONNX Runtime: ${full}`)
    return [Float32Array.from(data, value => 2 * value)]
  }
  return { batches, session: { run, elapsed: () => 0, held: () => undefined, close: () => Promise.resolve() } }
}

const feed = (batch: number): Feed => {
  return { name: 'x', shape: [batch, 3], data: Float32Array.from({ length: 3 * batch }, (_, i) => i) }
}
const doubled = (batch: number) => [Float32Array.from({ length: 3 * batch }, (_, i) => 2 * i)]

describe('a device whose memory is full', () => {
  it.each([
    'CUDA failure 2: out of memory ; GPU=0',
    'Failed to allocate memory for requested buffer of size 805306368',
    'BFCArena::AllocateRawInternal Available memory of 0 is smaller than requested bytes: std::bad_alloc',
    'OOM when allocating tensor with shape[64,256,64,64]'
  ])('gets half a batch, until it holds it, and is told of: %s', async message => {
    const { session, batches } = device(3, message)
    const notes: string[] = []
    const pool = pooled([session], note => notes.push(note))
    expect(await pool.run([feed(10)])).toEqual(doubled(10))
    expect(batches).toEqual([10, 5, 3, 2, 5, 3, 2].slice(0, 3).concat([2, 3, 2].slice(0, batches.length - 3)))
    expect(notes).toEqual([
      "the device's memory does not hold a batch of 10; going on with 5",
      "the device's memory does not hold a batch of 5; going on with 3"
    ])
    batches.length = 0
    await pool.run([feed(7)])
    expect(batches).toEqual([3, 3, 1])
  })

  it('fails where not even one sample fits', async () => {
    await expect(pooled([device(0).session]).run([feed(4)])).rejects.toMatchObject({ code: 'engine-failed' })
  })

  it('fails at once for any other reason', async () => {
    const { session, batches } = device(0, 'a kernel is missing')
    await expect(pooled([session]).run([feed(4)])).rejects.toThrow(/a kernel is missing/)
    expect(batches).toEqual([4])
  })
})

describe('several devices', () => {
  it('share what is asked at once', async () => {
    const devices = [device(9), device(9)]
    const pool = pooled(devices.map(({ session }) => session))
    const answers = await Promise.all([2, 3, 4, 5].map(batch => pool.run([feed(batch)])))
    expect(answers).toEqual([2, 3, 4, 5].map(doubled))
    expect(devices.map(({ batches }) => batches.length)).toEqual([2, 2])
  })
})
