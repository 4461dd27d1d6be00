import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { coverageOf } from '../../src/images/coverage.js'
import { shortened, textCoverage, textWidth, wrapText } from '../../src/images/lettering.js'

const sum = (shares: Float64Array) => shares.reduce((all, share) => all + share, 0)

describe('coverageOf', () => {
  it('covers pixels by the part of them that lies within', () => {
    const { left, top, width, shares } = coverageOf([
      { type: 'M', x: 1.5, y: 2.25 },
      { type: 'L', x: 4, y: 2.25 },
      { type: 'L', x: 4, y: 4 },
      { type: 'L', x: 1.5, y: 4 },
      { type: 'Z' }
    ])
    const at = (x: number, y: number) => shares[(y - top) * width + x - left]
    expect([at(1, 2), at(2, 2), at(3, 2), at(4, 2)]).toEqual([0.375, 0.75, 0.75, 0])
    expect([at(1, 3), at(2, 3), at(3, 3), at(1, 4)]).toEqual([0.5, 1, 1, 0])
  })

  it('keeps the area of slanted and of curved outlines, and of those with holes', () => {
    const triangle = coverageOf([
      { type: 'M', x: 0.3, y: 0.2 },
      { type: 'L', x: 9.1, y: 3.7 },
      { type: 'L', x: 2.2, y: 7.9 }
    ])
    expect(sum(triangle.shares)).toBeCloseTo(Math.abs(8.8 * 7.7 - 3.5 * 1.9) / 2, 9)
    const arch = coverageOf([
      { type: 'M', x: 0, y: 0 },
      { type: 'Q', x1: 10, y1: 20, x: 20, y: 0 }
    ])
    // A parabola's segment has two thirds of the triangle of its control points; lines cut a little of it off.
    expect(sum(arch.shares)).toBeCloseTo((20 * 20) / 3, -1)
    const square = (size: number, turned: boolean) => {
      const corners = [
        [-size, -size],
        [size, -size],
        [size, size],
        [-size, size]
      ]
      const points = turned ? corners.reverse() : corners
      return points.map(([x, y], i) => ({ type: i === 0 ? ('M' as const) : ('L' as const), x, y }))
    }
    expect(sum(coverageOf([...square(6, false), ...square(2, true)]).shares)).toBeCloseTo(144 - 16, 9)
  })

  it('has nothing of an outline without lines', () => {
    expect(coverageOf([])).toMatchObject({ width: 0, height: 0 })
  })
})

describe('a text', () => {
  it('is drawn by the same numbers on every machine', () => {
    const { shares, ...box } = textCoverage('EPD-Solver, K=2: 5 NFE', 0, 0, { size: 12 })
    expect(box).toEqual({ left: 0, top: -10, width: 136, height: 13 })
    const bytes = Uint8Array.from(shares, share => Math.round(share * 255))
    expect(createHash('sha256').update(bytes).digest('hex').slice(0, 16)).toBe('fb621240f510a063')
  })

  it('has a sign in place of letters that the font does not have', () => {
    expect(textWidth('字', { size: 12 })).toBe(textWidth('?', { size: 12 }))
  })

  it('is broken where names of stages have joints, and loses the middle of what is still too wide', () => {
    const bold = { size: 13, bold: true }
    expect(wrapText('samples@nfe=5,solver=epd', 110, bold)).toEqual(['samples@nfe=5,', 'solver=epd'])
    const cut = shortened('a-name-without-any-joint-at-all', 100, bold)
    expect(cut).toMatch(/^a-nam.*….*all$/)
    expect(textWidth(cut, bold)).toBeLessThanOrEqual(100)
  })
})
