import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import type { Measured } from '../../src/metrics/metric.js'
import { metricNamed } from '../../src/metrics/registry.js'
import { naming } from '../../src/stages/score-naming.js'

const measured = (value: number): Measured => ({ value, count: 2, details: {} })

describe('naming', () => {
  it('passes on what is measured', async () => {
    const found = measured(-0.1)
    expect(await naming(metricNamed('kid'), 'euler', () => Promise.resolve(found))).toBe(found)
  })

  it.each([
    ['rmse', NaN, 'rmse of "euler" is no finite number: it comes to NaN'],
    ['rmse', Infinity, 'rmse of "euler" is no finite number: it comes to Infinity'],
    ['fid', -Infinity, 'fid of "euler" is no finite number: it comes to -Infinity'],
    ['psnr', Infinity, 'psnr of "euler" is no finite number: an image equals that of the reference; leave psnr out']
  ])('refuses %s of %s', async (name, value, message) => {
    const refused = naming(metricNamed(name), 'euler', () => Promise.resolve(measured(value)))
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ code: 'score-undefined' })
  })

  it('says of what it is that something has no score, and leaves other errors alone', async () => {
    const fail = (error: Error) => naming(metricNamed('fid'), 'euler', () => Promise.reject<Measured>(error))
    const reason = new EpdError('score-undefined', 'entry 3 of the mean is NaN')
    await expect(fail(reason)).rejects.toThrow('fid of "euler" is no finite number: entry 3 of the mean is NaN')
    const other = new EpdError('interrupted', 'stop')
    await expect(fail(other)).rejects.toBe(other)
  })
})
