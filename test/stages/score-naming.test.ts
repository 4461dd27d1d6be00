import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import { naming } from '../../src/stages/score-naming.js'
import type { Metric } from '../../src/store/store.js'

const metric = (name: string, value: number): Metric => ({ samplesKey: 'key', name, value, count: 2, details: {} })

describe('naming', () => {
  it('passes on what is measured', async () => {
    const found = [metric('kid', -0.1), metric('rmse', 0)]
    expect(await naming('kid and rmse', 'euler', () => Promise.resolve(found))).toBe(found)
  })

  it.each([
    ['rmse', NaN, 'rmse of "euler" is no finite number: it comes to NaN'],
    ['fid', -Infinity, 'fid of "euler" is no finite number: it comes to -Infinity'],
    ['psnr', Infinity, 'psnr of "euler" is no finite number: an image equals that of the reference; leave psnr out']
  ])('refuses %s of %s', async (name, value, message) => {
    const found = [metric('kid', 1), metric(name, value)]
    const refused = naming('several', 'euler', () => Promise.resolve(found))
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ code: 'score-undefined' })
  })

  it('says of what it is that something has no score, and leaves other errors alone', async () => {
    const fail = (error: Error) => naming('fid', 'euler', () => Promise.reject<Metric>(error))
    const reason = new EpdError('score-undefined', 'entry 3 of the mean is NaN')
    await expect(fail(reason)).rejects.toThrow('fid of "euler" is no finite number: entry 3 of the mean is NaN')
    const other = new EpdError('interrupted', 'stop')
    await expect(fail(other)).rejects.toBe(other)
  })
})
