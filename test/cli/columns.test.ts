import { describe, expect, it } from 'vitest'
import { inColumns, layoutOf } from '../../src/cli/columns.js'
import { textWidth } from '../../src/cli/text-width.js'

const titles = ['samples', 'solver', 'base', 'nfe', 'rmse', 'psnr', 'frechet-pixels', 'seconds']
const rows = [
  ['samples', 'epd K=2 on ipndm', null, 5, 0.053333, 32.834, 7.1925, 14.98],
  ['euler', 'euler', null, 5, 0.10482, 26.376, 11.661, 9.83]
]
const lines = (width: number) => inColumns(titles, rows, { width, unicode: true }).split('\n')

describe('a table', () => {
  it.each([24, 40, 60, 80, 200, Infinity])('has every number, and no line too long, in %d columns', width => {
    const text = lines(width).join('\n')
    for (const value of rows.flat()) if (typeof value === 'number') expect(text).toContain(String(value))
    for (const line of lines(width)) expect(textWidth(line)).toBeLessThanOrEqual(width)
  })

  it('has no column that is empty', () => {
    expect(lines(200)[0]).toMatch(/^samples +solver +nfe +rmse +psnr +frechet-pixels +seconds$/)
  })

  it('wraps texts before it gives up its columns', () => {
    expect(lines(69)).toEqual([
      'samples  solver        nfe      rmse    psnr  frechet-pixels  seconds',
      '───────  ────────────  ───  ────────  ──────  ──────────────  ───────',
      'samples  epd K=2 on      5  0.053333  32.834          7.1925    14.98',
      '         ipndm',
      'euler    euler           5   0.10482  26.376          11.661     9.83'
    ])
  })

  it('has a title and a value a line where its columns do not fit', () => {
    expect(lines(40).slice(0, 9)).toEqual([
      'samples         samples',
      'solver          epd K=2 on ipndm',
      'nfe             5',
      'rmse            0.053333',
      'psnr            32.834',
      'frechet-pixels  7.1925',
      'seconds         14.98',
      '',
      'samples         euler'
    ])
  })

  it('counts two places for letters of East Asia', () => {
    const text = inColumns(
      ['a', 'b'],
      [
        ['全角', 'x'],
        ['abcd', 'y']
      ],
      { width: 40, unicode: true }
    )
    expect(text.split('\n').slice(2)).toEqual(['全角  x', 'abcd  y'])
  })

  it('is drawn in ASCII where a terminal shows no other letters', () => {
    expect(inColumns(['a'], [['b']], { width: 40, unicode: false })).toBe('a\n-\nb')
  })

  it('is not padded for one long cell in a pipe', () => {
    const cells = [
      ['x'.repeat(10_000), 'done'],
      ['short', 'done']
    ]
    const piped = inColumns(['run', 'status'], cells, { width: Infinity }).split('\n')
    expect(piped[3].length).toBeLessThan(200)
    expect(piped[2]).toContain('x'.repeat(10_000))
  })

  it('holds whole numbers of any size, and texts as they are shown', () => {
    const { line } = layoutOf(['a', 'b'], [[2n ** 63n - 1n, '\u001b[31m']], { width: Infinity })
    expect(line([2n ** 63n - 1n, '\u001b[31m'])).toBe('9223372036854775807  \\u001b[31m')
  })
})
