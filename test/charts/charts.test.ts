import { describe, expect, it } from 'vitest'
import { barChart } from '../../src/charts/bars.js'
import { dotChart } from '../../src/charts/dots.js'
import { shortNumber, table } from '../../src/charts/figure.js'
import { placed } from '../../src/charts/frame.js'
import { graph } from '../../src/charts/graph.js'
import { lineChart } from '../../src/charts/lines.js'

const data = { titles: ['name', 'value'], rows: [['a', 1.5]] }

describe('an axis', () => {
  it('goes from one end to the other, the larger values first where it is reversed', () => {
    const { place } = placed({ title: 'x', values: [1, 3] }, 0, 100)
    expect([1, 2, 3].map(place)).toEqual([0, 50, 100])
    const reversed = placed({ title: 'x', values: [1, 3], reversed: true }, 0, 100)
    expect([1, 2, 3].map(reversed.place)).toEqual([100, 50, 0])
  })

  it('gives equal ratios equal room where it is logarithmic, and has at most seven marks', () => {
    const { place, ticks } = placed({ title: 'x', values: [1e-6, 1e6], log: true }, 0, 1000)
    expect(place(10) - place(1)).toBeCloseTo(place(1000) - place(100), 0)
    expect(ticks.length).toBeGreaterThan(2)
    expect(ticks.length).toBeLessThanOrEqual(7)
  })

  it('has room for a single value, for none, and for a 0 where it is logarithmic', () => {
    expect(placed({ title: 'x', values: [5] }, 0, 100).place(5)).toBeGreaterThan(0)
    expect(placed({ title: 'x', values: [] }, 0, 100).place(0)).toBe(0)
    expect(placed({ title: 'x', values: [0, 1, 10], log: true }, 0, 100).place(0)).toBe(0)
  })
})

describe('a chart of lines', () => {
  const chart = String(
    lineChart({
      caption: 'losses',
      label: 'two losses',
      x: { title: 'evaluations' },
      y: { title: 'loss', log: true },
      series: [
        { name: 'training <1>', points: [0, 1, 2].map(x => ({ x, y: 3 - x })) },
        { name: 'validation', dashed: true, points: [{ x: 0, y: 2, spread: 0.5 }] },
        { name: 'others', faint: true, points: [{ x: 2, y: 2 }] }
      ],
      data
    })
  )

  it('has a label for screen readers, and its numbers as a table behind it', () => {
    expect(chart).toContain('role="img" aria-label="two losses"')
    expect(chart).toMatch(/<details>\s*<summary>[^<]*<\/summary>\s*<div class="scroll"[^]*<td class="number">1.5<\/td>/)
  })

  it('tells lines apart by colour and by shape, and names all but those in the background', () => {
    expect(chart.match(/<li class="series c\d/g)).toHaveLength(2)
    expect(chart).toContain('training &lt;1&gt;')
    const signs = [...chart.matchAll(/transform="translate\(15 6\)" d="([^"]*)"/g)].map(([, shape]) => shape)
    expect(new Set(signs).size).toBe(2)
  })

  it('draws every coordinate as a finite number', () => {
    expect(chart).not.toMatch(/NaN|Infinity|undefined/)
  })
})

it('a chart of dots draws areas in proportion, and what is subtracted hollow', () => {
  const dots = [
    { x: 80, weight: 1, title: 'first' },
    { x: 1, weight: -0.25, title: 'second' }
  ]
  const x = { title: 'σ', log: true, reversed: true }
  const chart = String(dotChart({ caption: '', label: '', x, rows: [{ name: 'NFE 1', dots }], lines: [80], data }))
  const radii = [...chart.matchAll(/class="(sign|hollow)"[^>]*\sr="([\d.]+)"/g)].map(([, kind, r]) => [kind, Number(r)])
  expect(radii).toEqual([
    ['sign', 10],
    ['hollow', 5]
  ])
  const [left, right] = [...chart.matchAll(/cx="([\d.]+)"/g)].map(([, at]) => Number(at))
  expect(left).toBeLessThan(right)
})

it('a graph has each box right of what leads to it, and ends even where boxes lead to each other', () => {
  const node = (id: string, ...from: string[]) => ({ id, from, name: id, note: '' })
  const drawn = (...nodes: ReturnType<typeof node>[]) =>
    new Map(
      [
        ...String(graph({ caption: '', label: '', nodes, data })).matchAll(
          /<title>(\w): <\/title>\s*<rect\s+x="([\d.]+)"/g
        )
      ].map(([, name, left]) => [name, Number(left)])
    )
  const places = drawn(node('d', 'b', 'c'), node('b', 'a'), node('c', 'b'), node('a'), node('e', 'missing'))
  const at = (name: string) => places.get(name) ?? NaN
  expect([at('a') < at('b'), at('b') < at('c'), at('c') < at('d'), at('e')]).toEqual([true, true, true, at('a')])
  expect(drawn(node('a', 'b'), node('b', 'a')).size).toBe(2)
})

it('a chart of bars draws each as long as it took, within the drawing', () => {
  const rows = [{ name: 'a name that is much too long for its place', bars: [{ from: 0, to: 5, title: 'x' }] }]
  const chart = String(barChart({ caption: '', label: '', rows, ticks: [], breaks: [5], end: 10, data }))
  expect(chart).toMatch(/<rect[^>]*\swidth="175"/)
  expect(chart).toContain('…')
})

it('a table has scopes on its titles, and numbers at the right', () => {
  const made = String(table({ titles: ['solver', '5 NFE'], rows: [['euler', 0.25]], caption: 'rmse' }))
  expect(made).toContain('<th scope="row">euler</th>')
  expect(made).toContain('<th scope="col" class="number">5 NFE</th>')
  expect(made).toMatch(/<caption>\s*rmse\s*<\/caption>/)
})

it('numbers have as many digits as people read', () => {
  expect([1234567, 0.000012345, 0.123456, -2.5, Infinity].map(value => shortNumber(value))).toEqual([
    '1,234,567',
    '1.23e-5',
    '0.12346',
    '-2.5',
    'Infinity'
  ])
})
