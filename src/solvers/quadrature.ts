/** Points of a panel's rule, exact for polynomials up to degree 2 * POINTS - 1. */
const POINTS = 8
const PANELS = 16

/**
 * The integrals over [from, to] of the Lagrange polynomials of the nodes, each 1 at its node and 0 at the others, times
 * a weight. By Gauss and Legendre's rule on panels: exact without a weight, to rounding with a smooth one.
 */
export function lagrangeIntegrals(
  nodes: readonly number[],
  from: number,
  to: number,
  weight: (t: number) => number = () => 1
): number[] {
  const width = (to - from) / PANELS
  const sums = nodes.map(() => 0)
  for (let panel = 0; panel < PANELS; panel++)
    for (const { place, share } of rule) {
      const t = from + (panel + (1 + place) / 2) * width
      const value = (share / 2) * width * weight(t)
      for (let j = 0; j < nodes.length; j++) sums[j] += value * lagrange(nodes, j, t)
    }
  return sums
}

function lagrange(nodes: readonly number[], j: number, t: number): number {
  return nodes.reduce((product, node, k) => (k === j ? product : (product * (t - node)) / (nodes[j] - node)), 1)
}

/** Roots of the Legendre polynomial in [-1, 1] with their weights, by Newton's method. */
const rule = Array.from({ length: POINTS }, (_, i) => {
  let place = Math.cos((Math.PI * (i + 0.75)) / (POINTS + 0.5))
  for (let k = 0; k < 10; k++) {
    const { value, slope } = legendre(place)
    place -= value / slope
  }
  return { place, share: 2 / ((1 - place * place) * legendre(place).slope ** 2) }
})

function legendre(x: number): { value: number; slope: number } {
  let [before, value] = [1, x]
  for (let n = 1; n < POINTS; n++) [before, value] = [value, ((2 * n + 1) * x * value - n * before) / (n + 1)]
  return { value, slope: (POINTS * (x * value - before)) / (x * x - 1) }
}
