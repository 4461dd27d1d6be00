import { describeEnds, describeGrid, endsOf, precisionOf, type GridSpec, type ScheduleSpec } from './spec.js'

/**
 * How a student's time points differ from those that its teacher leads to, in words; undefined where they do not, as
 * far as they are known.
 */
export function differenceOf(
  student: GridSpec,
  teacher: GridSpec,
  /** Whether only the ends, and what noise they begin with, need to be the same. */
  ends: boolean
): { readonly taught: string; readonly found: string } | undefined {
  const [one, other] = asFarAsKnown(student, teacher)
  const described = ends ? endsInWords : describeGrid
  const [found, taught] = [described(one), described(other)]
  return found === taught ? undefined : { taught: described(teacher), found: described(student) }
}

function endsInWords(grid: GridSpec): string {
  const precision = precisionOf(grid)
  return [
    describeEnds(grid),
    ...(precision ? [`in ${precision}`] : []),
    ...(grid.noiseScale ? [grid.noiseScale] : [])
  ].join(', ')
}

/** Both with the other's ends in place of those that the model is still to give. */
function asFarAsKnown(one: GridSpec, other: GridSpec): readonly [GridSpec, GridSpec] {
  return [completed(one, other), completed(other, one)]
}

function completed(grid: GridSpec, other: ScheduleSpec): GridSpec {
  if (grid.type === 'explicit' || grid.type === 'flowmatch') return grid
  const { sigmaMin, sigmaMax } = endsOf(other)
  return { ...grid, sigmaMin: grid.sigmaMin ?? sigmaMin, sigmaMax: grid.sigmaMax ?? sigmaMax }
}

/** How far formulas of schedules may round the time points that they share. */
const ROUNDING = 1e-9

/** Whether two noise levels are one time point, up to the rounding of formulas. */
export function isSameLevel(a: number, b: number): boolean {
  return a === b || Math.abs(a / b - 1) <= ROUNDING
}
