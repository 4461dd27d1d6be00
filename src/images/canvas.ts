import { textCoverage, textWidth, type Lettering } from './lettering.js'
import type { Raster } from './raster.js'
import type { Picture } from './resize.js'

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number]

/** Where a text stands: x is its beginning, middle or end, y what its letters stand on. */
export interface TextPlace extends Lettering {
  readonly x: number
  readonly y: number
  readonly colour: Colour
  readonly align?: 'left' | 'middle' | 'right'
}

/** A raster in colour that is drawn on. What lies outside of it is left out. */
export interface Canvas {
  readonly raster: Raster
  readonly fill: (x: number, y: number, width: number, height: number, colour: Colour) => void
  /** Draws a picture of 3 channels. */
  readonly picture: (x: number, y: number, picture: Picture) => void
  readonly text: (text: string, place: TextPlace) => void
}

export function canvasOf(width: number, height: number, paper: Colour): Canvas {
  const data = new Uint8Array(width * height * 3)
  const blend = (x: number, y: number, colour: Colour, share: number) => {
    if (x < 0 || y < 0 || x >= width || y >= height) return
    const at = (y * width + x) * 3
    for (let c = 0; c < 3; c++) data[at + c] = Math.round(data[at + c] + (colour[c] - data[at + c]) * share)
  }
  /** The part of a row of pixels that lies on the canvas, as places in its data; empty where none does. */
  const within = (y: number, left: number, wide: number): readonly [from: number, to: number] => {
    if (y < 0 || y >= height) return [0, 0]
    const [from, to] = [Math.max(left, 0), Math.min(left + wide, width)]
    return from < to ? [(y * width + from) * 3, (y * width + to) * 3] : [0, 0]
  }
  const fill: Canvas['fill'] = (left, top, wide, high, colour) => {
    for (let y = top; y < top + high; y++) {
      const [from, to] = within(y, left, wide)
      for (let at = from; at < to; at += 3) data.set(colour, at)
    }
  }
  if (paper.every(value => value === paper[0])) data.fill(paper[0])
  else fill(0, 0, width, height, paper)
  return {
    raster: { width, height, channels: 3, data },
    fill,
    picture(left, top, picture) {
      for (let y = 0; y < picture.height; y++) {
        const [from, to] = within(top + y, left, picture.width)
        const begin = (y * picture.width + Math.max(-left, 0)) * 3
        data.set(picture.data.subarray(begin, begin + to - from), from)
      }
    },
    text(text, { x, y, colour, align = 'left', ...lettering }) {
      const shift = { left: 0, middle: 0.5, right: 1 }[align]
      const begin = align === 'left' ? x : Math.round(x - shift * textWidth(text, lettering))
      const { left, top, width: columns, shares } = textCoverage(text, begin, y, lettering)
      shares.forEach((share, i) => {
        if (share > 0) blend(left + (i % columns), top + Math.floor(i / columns), colour, share)
      })
    }
  }
}
