import { describe, expect, it } from 'vitest'
import { colourAt, differencePicture, differences, scaleTop } from '../../src/images/differences.js'
import { fitted, fittedSize, inColour, shownChannels } from '../../src/images/fitted.js'
import { drawSheet, type Sheet } from '../../src/images/sheet.js'

const plain = (height: number, width: number, pixel: readonly number[]) => ({
  ...{ height, width, channels: pixel.length },
  data: Uint8Array.from({ length: height * width * pixel.length }, (_, i) => pixel[i % pixel.length])
})

describe('pictures beside each other', () => {
  it('are enlarged or made smaller by whole factors', () => {
    expect([16, 28, 64, 96, 256, 300, 512, 1024].map(side => fittedSize(side, side).width)).toEqual([
      ...[96, 84, 64, 96, 256, 150, 256, 256]
    ])
    expect(fittedSize(32, 96)).toEqual({ height: 32, width: 96 })
  })

  it('keep their pixels as squares, and become the means of squares', () => {
    const two = fitted({ height: 1, width: 2, channels: 1, data: Uint8Array.of(7, 200) })
    expect([two.height, two.width, two.data[47], two.data[48]]).toEqual([48, 96, 7, 200])
    const large = plain(512, 512, [10, 20, 30])
    large.data[0] = 30
    expect([...fitted(large).data.subarray(0, 6)]).toEqual([15, 20, 30, 10, 20, 30])
  })

  it('are shown in red, green and blue, whatever channels they have', () => {
    expect([...inColour(plain(1, 1, [9])).data]).toEqual([9, 9, 9])
    expect([...inColour(plain(1, 1, [1, 2, 3, 4])).data]).toEqual([1, 2, 3])
    expect([1, 2, 3, 4].map(shownChannels)).toEqual([
      ...[undefined, 'channel 1 of 2', undefined, 'channels 1 to 3 of 4 as red, green and blue']
    ])
  })
})

describe('differences', () => {
  it('are means over the channels, in the units of images in [-1, 1]', () => {
    expect([...differences(plain(1, 2, [0, 255]), plain(1, 2, [255, 255]))]).toEqual([1, 1])
    expect(() => differences(plain(1, 2, [0]), plain(2, 2, [0]))).toThrow('different sizes')
  })

  it('are shown on a scale that all but a hundredth of them are below', () => {
    const some = Float64Array.from({ length: 1000 }, (_, i) => (i < 5 ? 1.9 : 0.15))
    expect(scaleTop([some])).toBe(0.2)
    expect(scaleTop([new Float64Array(100)])).toBe(0.02)
    expect(scaleTop([Float64Array.of(2, 2)])).toBe(2)
    expect([...differencePicture(Float64Array.of(0, 0.05, 0.2, 9), 1, 4, 0.2).data]).toEqual([
      ...[...colourAt(0), ...colourAt(0.5), ...colourAt(1), ...colourAt(1)]
    ])
    expect(colourAt(0)).toEqual([255, 255, 255])
  })
})

describe('a sheet', () => {
  const rows = [
    {
      name: 'reference',
      about: ['heun', '64 NFE'],
      pictures: [plain(16, 16, [200, 0, 0]), plain(16, 16, [0, 0, 200])]
    },
    { name: 'samples', about: ['epd K=2'], result: 'PSNR 30.00 dB', pictures: [plain(16, 16, [100, 0, 0]), undefined] }
  ]
  const sheet: Sheet = {
    title: 'run',
    unit: 'seeds',
    columns: ['0', '1'],
    rows,
    reference: rows[0],
    notes: ['A note.']
  }
  const count = ({ data }: { readonly data: Uint8Array }, colour: readonly number[]) => {
    let found = 0
    for (let i = 0; i < data.length; i += 3) if (colour.every((value, c) => data[i + c] === value)) found++
    return found
  }

  it('holds each picture once, at its size', () => {
    const raster = drawSheet(sheet)
    expect(
      [
        [200, 0, 0],
        [0, 0, 200],
        [100, 0, 0]
      ].map(colour => count(raster, colour))
    ).toEqual([9216, 9216, 9216])
  })

  it('has the differences beside, and a gray square for a picture that is not there', () => {
    const [wide, narrow] = [drawSheet(sheet), drawSheet({ ...sheet, reference: undefined })]
    expect(wide.width - narrow.width).toBeGreaterThan(100)
    // 100 of 255 in one of three channels, on a scale whose top is 0.5.
    const colour = colourAt(Math.sqrt(200 / 255 / 3 / 0.5))
    expect(count(wide, colour)).toBeGreaterThanOrEqual(96 * 96)
    expect(count(narrow, colour)).toBe(0)
    expect([count(wide, [244, 244, 246]), count(narrow, [244, 244, 246])]).toEqual([2 * 96 * 96, 96 * 96])
  })

  it('needs a picture, and has a bound', () => {
    expect(() => drawSheet({ ...sheet, rows: [] })).toThrow(RangeError)
    const many = Array.from({ length: 2000 }, () => rows[0])
    expect(() => drawSheet({ ...sheet, rows: many, reference: undefined, notes: [] })).toThrow(
      'more than a picture holds'
    )
  })
})
