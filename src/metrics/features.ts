import { EpdError } from '../errors.js'
import type { Matrix } from '../engines/onnx/matrices.js'

/** Features of images, [count, dimensions]. */
export interface Features {
  readonly count: number
  readonly dimensions: number
  readonly data: Float32Array
}

/** @throws EpdError `score-undefined` if a feature is no finite number */
export function expectFinite({ dimensions, data }: Features, whose: string): void {
  const stray = data.findIndex(value => !Number.isFinite(value))
  if (stray >= 0)
    throw new EpdError(
      'score-undefined',
      `feature ${stray % dimensions} of image ${Math.floor(stray / dimensions)} of the ${whose} is ${data[stray]}`
    )
}

/** The features of some images, in double precision. */
export function rowsOf({ dimensions, data }: Features, places: readonly number[]): Matrix {
  const rows = new Float64Array(places.length * dimensions)
  places.forEach((place, i) => {
    rows.set(data.subarray(place * dimensions, (place + 1) * dimensions), i * dimensions)
  })
  return { rows: places.length, columns: dimensions, data: rows }
}
