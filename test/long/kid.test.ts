import { expect, it } from 'vitest'
import { kid } from '../../src/metrics/kid.js'
import { features } from '../metrics/features.js'

it('kid is about zero for images of one distribution, over a hundred subsets of at most a thousand', async () => {
  const found = await kid(features('a', 1100, 2), features('b', 1050, 2))
  expect(found).toMatchObject({ subsets: 100, size: 1000 })
  expect(Math.abs(found.value)).toBeLessThan(3 * found.deviation)
})
