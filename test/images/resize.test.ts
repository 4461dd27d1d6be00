import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cropped, resizeBicubic } from '../../src/images/resize.js'

const file = new URL('../fixtures/networks/clip-image.json', import.meta.url)
const { picture, resized } = JSON.parse(readFileSync(file, 'utf8')) as {
  picture: number[]
  resized: { height: number; width: number; data: number[] }[]
}
const image = { height: 23, width: 31, channels: 3, data: Uint8Array.from(picture) }

describe('resizeBicubic', () => {
  it.each(resized)("to $height x $width gives Pillow's bytes", ({ height, width, data }) => {
    expect([...resizeBicubic(image, height, width).data]).toEqual(data)
  })

  it('to its own size changes nothing', () => {
    expect(resizeBicubic(image, 23, 31)).toEqual(image)
  })
})

describe('cropped', () => {
  it('keeps the middle', () => {
    const rows = { height: 4, width: 3, channels: 1, data: Uint8Array.from([...Array(12).keys()]) }
    expect([...cropped(rows, 2, 1).data]).toEqual([4, 7])
  })
})
