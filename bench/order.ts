/**
 * The order of convergence of each solver on the Gaussian mixture, as Markdown: theory, and what is observed on equal
 * and graded steps.
 */
import { observedOrder, errorOf } from '../test/support/order.js'
import { orders, titleOf } from '../test/support/orders.js'

const STEPS = 160

console.log(
  `| solver | theory | observed, graded steps | observed, equal steps | error of ${2 * STEPS} graded steps | |`
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const one of orders) {
  const { solver, theory, why = '' } = one
  const [graded, equal] = [await observedOrder(solver, 'graded', STEPS), await observedOrder(solver, 'equal', STEPS)]
  const error = await errorOf(solver, 'graded', 2 * STEPS)
  const cells = [titleOf(one), theory, graded.toFixed(2), equal.toFixed(2), error.toExponential(1), why]
  console.log(`| ${cells.join(' | ')} |`)
}
