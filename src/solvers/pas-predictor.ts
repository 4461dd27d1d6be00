/**
 * What PAS corrects directions with: for each step (numSteps - 1 of them) its coordinates in the sample's own principal
 * directions, [numSteps - 1][components]. They are shares of the length of the direction that is corrected, so that
 * 1, 0, 0, ... leaves it as it is.
 */
export interface PasPredictor {
  readonly coordinates: readonly (readonly number[])[]
}

/**
 * PAS's coordinates, checked.
 * @throws RangeError if rows differ in their length, are empty, or hold a number that is not finite
 */
export function pasPredictor({ coordinates }: PasPredictor): PasPredictor {
  const components = coordinates.at(0)?.length ?? 0
  if (components === 0 || coordinates.some(row => row.length !== components))
    throw new RangeError('pas predictor: coordinates must have one row a step, all of the same length')
  if (!coordinates.every(row => row.every(Number.isFinite)))
    throw new RangeError('pas predictor: coordinates hold a number that is not finite')
  return { coordinates }
}

/** The coordinates that leave a direction as it is. */
export function uncorrected(components: number): readonly number[] {
  return Array.from({ length: components }, (_, k) => (k === 0 ? 1 : 0))
}

/** Whether coordinates leave a direction as it is. */
export function leavesAsIs(row: readonly number[]): boolean {
  return row.every((value, k) => value === (k === 0 ? 1 : 0))
}
