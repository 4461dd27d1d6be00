import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import { grid } from '../../src/images/grid.js'
import { toPng } from '../../src/images/to-png.js'
import { toUint8 } from '../../src/images/uint8.js'

describe('toUint8', () => {
  it('rounds as the paper does and puts channels last', () => {
    const x = Float64Array.of(-1, 1, 0, -2, 2, 0.001)
    expect([...toUint8(x, [3, 1, 2])]).toEqual([0, 128, 255, 255, 0, 128])
    expect([...toUint8(Float64Array.of(-1, -1 + 1 / 255, 0.9999), [1, 1, 3])]).toEqual([0, 1, 255])
  })
})

describe('grid', () => {
  it('lays images out in a square, whole pixels enlarged', () => {
    const images = Uint8Array.from({ length: 3 * 16 * 16 * 3 }, (_, i) => Math.floor(i / (16 * 16 * 3)) * 50)
    const raster = grid(images, [3, 16, 16])
    expect([raster.width, raster.height]).toEqual([2 * 68 + 4, 2 * 68 + 4])
    const at = (x: number, y: number) => raster.data[(y * raster.width + x) * 3]
    expect([at(4, 4), at(67, 67), at(72, 4), at(4, 72), at(100, 100), at(0, 0)]).toEqual([0, 0, 50, 100, 255, 255])
  })

  it('survives PNG unchanged', () => {
    const raster = grid(
      Uint8Array.from({ length: 40 * 30 }, (_, i) => i % 256),
      [1, 30, 40]
    )
    const decoded = decode(toPng(raster))
    expect([decoded.width, decoded.height, decoded.channels]).toEqual([raster.width, raster.height, 1])
    expect([...decoded.data]).toEqual([...raster.data])
  })
})
