import { describe, expect, it } from 'vitest'
import { observedOrder } from '../support/order.js'
import { orders, titleOf } from '../support/orders.js'

describe('the error on the mixture', () => {
  it.each(orders.map(one => ({ ...one, name: titleOf(one) })))(
    'of $name falls by the order $theory',
    async ({ solver, theory, observed = theory }) => {
      expect(Math.abs((await observedOrder(solver, 'graded', 160)) - observed)).toBeLessThan(0.15)
    }
  )
})
