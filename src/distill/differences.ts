import type { Block } from './block.js'
import { points, type Predictor } from '../solvers/predictor.js'
import { logit, rawScale, replaced, scaleSlope, timePoints } from './parameters.js'
import { gapSlopes } from './time-points.js'

/**
 * What a probe of a step moves: a point's r, its scale of time, the logarithm of its weight * scale_dir, or its raw
 * weight.
 */
export type Moved = 'r' | 'scaleTime' | 'product' | 'weight'

/** A predictor that differs from the one probed in one quantity, by `change`. */
export type Probe = StepProbe | TimeProbe

/** A probe that moves a quantity of one point of a step. */
export interface StepProbe {
  readonly predictor: Predictor
  readonly moved: Moved
  readonly step: number
  readonly point: number
  readonly change: number
}

/** A probe that moves the logarithm of one interior time point. */
export interface TimeProbe {
  readonly predictor: Predictor
  readonly moved: 'sigma'
  readonly index: number
  readonly change: number
}

/**
 * The probes of one step: for each point its r, its scale of time, and weight * scale_dir (moved by scale_dir, or where
 * that is as good as fixed, by the raw weight). A point's time moves by `difference` in log sigma, as does its scale of
 * time; the next state moves by `difference` in units of its noise.
 */
export function probes(predictor: Predictor, step: number, sigmas: ArrayLike<number>, difference: number): StepProbe[] {
  const { ranges } = predictor
  const ratio = sigmas[step] / sigmas[step + 1]
  const inTime = Math.min(difference / Math.log(ratio), 0.1)
  const inProduct = difference / Math.max(ratio - 1, 1)
  const each = points(predictor, step)
  const probe = (moved: Moved, point: number, table: 'r' | 'weight' | 'scaleDir' | 'scaleTime', raw: number) => {
    const row = replaced(predictor[table][step], point, raw)
    const other = { ...predictor, [table]: replaced(predictor[table], step, row) }
    const [before, after] = [each[point], points(other, step)[point]]
    return {
      predictor: other,
      moved,
      step,
      point,
      change: changes[moved](before, after, predictor, other, step, point)
    }
  }
  const steerable = ranges.scaleDir > 2 * inProduct
  return each.flatMap((at, k) => [
    probe('r', k, 'r', logit(at.r + inward(at.r - 0.5) * inTime)),
    ...(ranges.scaleTime > 2 * difference
      ? [
          probe(
            'scaleTime',
            k,
            'scaleTime',
            rawScale(at.scaleTime + inward(at.scaleTime - 1) * difference, ranges.scaleTime)
          )
        ]
      : []),
    steerable
      ? probe(
          'product',
          k,
          'scaleDir',
          rawScale(at.scaleDir * (1 + inward(at.scaleDir - 1) * inProduct), ranges.scaleDir)
        )
      : probe('weight', k, 'weight', predictor.weight[step][k] + inProduct)
  ])
}

/** A probe of each interior time point. */
export function timeProbes(predictor: Predictor, difference: number): TimeProbe[] {
  const sigmas = timePoints(predictor)
  return sigmas.slice(1, -1).map((sigma, k) => {
    const index = k + 1
    const room = Math.log(sigma / sigmas[index + 1])
    const moved = sigma * Math.exp(-Math.min(difference, room / 10))
    return {
      predictor: { ...predictor, sigmas: replaced(sigmas, index, moved) },
      moved: 'sigma',
      index,
      change: Math.log(moved / sigma)
    }
  })
}

type Points = ReturnType<typeof points>[number]
const changes: Record<
  Moved,
  (a: Points, b: Points, before: Predictor, after: Predictor, step: number, point: number) => number
> = {
  r: (a, b) => b.r - a.r,
  scaleTime: (a, b) => b.scaleTime - a.scaleTime,
  product: (a, b) => Math.log(b.scaleDir / a.scaleDir),
  weight: (_a, _b, before, after, step, point) => after.weight[step][point] - before.weight[step][point]
}

function inward(fromMiddle: number): 1 | -1 {
  return fromMiddle > 0 ? -1 : 1
}

/** How what a probe moves depends on a block's coordinates, in the order of `coordinates`. */
export function byCoordinates(predictor: Predictor, block: Block, probe: Probe): number[] {
  if (block === 'sigmas') {
    const sigmas = timePoints(predictor)
    return probe.moved === 'sigma' ? gapSlopes(sigmas, probe.index) : sigmas.slice(1).map(() => 0)
  }
  if (probe.moved === 'sigma') return [...points(predictor, block).flatMap(() => [0, 0, 0]), 0]
  const { moved, step, point } = probe
  const each = points(predictor, step)
  const none = each.map(() => 0)
  const own = each.map((_, k) => (k === point ? 1 : 0))
  if (step !== block) return [...points(predictor, block).flatMap(() => [0, 0, 0]), 0]
  switch (moved) {
    case 'r':
      return [...own, ...none, ...none, 0]
    case 'scaleTime':
      return [...none, ...own, ...none, 0]
    case 'product':
      return [...none, ...none, ...each.map(({ weight }, k) => own[k] - weight), 1]
    case 'weight':
      return [...none, ...none, ...own, 0]
  }
}

/** How what a probe moves depends on its step's raw numbers: those of r, weight, scaleDir and scaleTime. */
export function byRaw(predictor: Predictor, { moved, step, point }: StepProbe): number[] {
  const { ranges } = predictor
  const each = points(predictor, step)
  const none = each.map(() => 0)
  const own = (slope: number) => each.map((_, k) => (k === point ? slope : 0))
  const { r, scaleDir } = each[point]
  switch (moved) {
    case 'r':
      return [...own(r * (1 - r)), ...none, ...none, ...none]
    case 'scaleTime':
      return [...none, ...none, ...none, ...own(scaleSlope(predictor.scaleTime[step][point], ranges.scaleTime))]
    case 'product': {
      const shares = own(1)
      const slope = scaleSlope(predictor.scaleDir[step][point], ranges.scaleDir) / scaleDir
      return [...none, ...each.map(({ weight }, k) => shares[k] - weight), ...own(slope), ...none]
    }
    case 'weight':
      return [...none, ...own(1), ...none, ...none]
  }
}
