import { hashUniform } from '../random/hash-uniform.js'

const SIDE = 16
const PIXELS = SIDE * SIDE
const NUMBERS = 16

/**
 * Images start to start + count - 1 of the data set shapes16, [count, 3, 16, 16], values in [-1, 1]. An image is one
 * anti-aliased shape (disc, rotated square, triangle or ring) on a vertical gradient, a pure function of its number.
 */
export function shapes16({ start, count }: { readonly start: number; readonly count: number }): Float64Array {
  const numbers = hashUniform('shapes16', start * NUMBERS, count * NUMBERS).map(value => (value + 1) / 2)
  const images = new Float64Array(count * 3 * PIXELS)
  for (let i = 0; i < count; i++)
    draw(images.subarray(i * 3 * PIXELS, (i + 1) * 3 * PIXELS), [...numbers.subarray(i * NUMBERS, (i + 1) * NUMBERS)])
  return images
}

/**
 * Draws the image of 16 numbers in [0, 1): kind, place (2), radius, angle, then hue, saturation, value of shape, top
 * and bottom.
 */
function draw(image: Float64Array, p: readonly number[]): void {
  const distance = distanceTo(p)
  const shape = hsv(p[5], 0.5 + 0.5 * p[6], 0.6 + 0.4 * p[7])
  const top = hsv(p[8], 0.6 * p[9], 0.15 + 0.5 * p[10])
  const bottom = hsv(p[11], 0.6 * p[12], 0.15 + 0.5 * p[13])
  for (let row = 0; row < SIDE; row++) {
    const fall = (row + 0.5) / SIDE
    for (let column = 0; column < SIDE; column++) {
      const cover = clip(0.5 - distance(centre(column), centre(row)) / (2 / SIDE))
      for (let channel = 0; channel < 3; channel++) {
        const ground = top[channel] * (1 - fall) + bottom[channel] * fall
        image[channel * PIXELS + row * SIDE + column] = (ground * (1 - cover) + shape[channel] * cover) * 2 - 1
      }
    }
  }
}

function centre(index: number): number {
  return ((index + 0.5) / SIDE) * 2 - 1
}

/** Signed distance to the shape's edge, negative within, at a point of [-1, 1] x [-1, 1]. */
function distanceTo(p: readonly number[]): (x: number, y: number) => number {
  const kind = Math.floor(p[0] * 4)
  const radius = 0.35 + 0.4 * p[3]
  const angle = p[4] * 2 * Math.PI
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const corners = [0, (2 * Math.PI) / 3, (4 * Math.PI) / 3].map(turn => [Math.cos(turn), Math.sin(turn)] as const)
  return (column, row) => {
    const x = column - (p[1] - 0.5) * 0.9
    const y = row - (p[2] - 0.5) * 0.9
    const [u, v] = [x * cos + y * sin, y * cos - x * sin]
    switch (kind) {
      case 0:
        return Math.sqrt(x * x + y * y) - radius
      case 1:
        return Math.max(Math.abs(u), Math.abs(v)) - radius * 0.8
      case 2:
        return Math.max(...corners.map(([c, s]) => u * c + v * s)) - radius * 0.5
      default:
        return Math.abs(Math.sqrt(x * x + y * y) - radius * 0.75) - radius * 0.22
    }
  }
}

/** Red, green and blue in [0, 1]. */
function hsv(hue: number, saturation: number, value: number): readonly [number, number, number] {
  const channel = (n: number) => {
    const k = (n + hue * 6) % 6
    return value - value * saturation * clip(Math.min(k, 4 - k))
  }
  return [channel(5), channel(3), channel(1)]
}

function clip(value: number): number {
  return Math.min(Math.max(value, 0), 1)
}
