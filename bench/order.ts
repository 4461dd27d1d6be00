/** The order of convergence of each solver on the Gaussian mixture, as Markdown: theory, and what is observed on equal and graded steps. */
import { observedOrder, errorOf } from '../test/solvers/order.js'
import { orders } from '../test/solvers/orders.js'

const STEPS = 160

console.log(
  `| solver | theory | observed, graded steps | observed, equal steps | error of ${2 * STEPS} graded steps | |`
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const { solver, theory, why = '' } of orders) {
  const { name, ...options } = solver
  const shown = Object.entries(options).flatMap(([key, value]) => (value === false ? [] : [`${key} ${value}`]))
  const [graded, equal] = [await observedOrder(solver, 'graded', STEPS), await observedOrder(solver, 'equal', STEPS)]
  const error = await errorOf(solver, 'graded', 2 * STEPS)
  const cells = [[name, ...shown].join(', '), theory, graded.toFixed(2), equal.toFixed(2), error.toExponential(1), why]
  console.log(`| ${cells.join(' | ')} |`)
}
