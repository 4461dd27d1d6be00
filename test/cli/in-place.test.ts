import { describe, expect, it } from 'vitest'
import { inPlace } from '../../src/cli/in-place.js'
import { Screen } from '../support/screen.js'

function on(columns: number, rows: number) {
  const terminal = new Screen(columns, rows)
  terminal.write('$ epd-run spec.yaml\n')
  const screen = inPlace(terminal, text => {
    terminal.write(text)
  })
  const draw = (...lines: string[]) => {
    screen.draw(() => lines)
  }
  return { terminal, screen, draw }
}

describe('lines in place', () => {
  it('take the place of those before, however many these are', () => {
    const { terminal, draw } = on(40, 12)
    draw('❯ a', '1 of 2')
    draw('✔ a', '❯ b', '2 of 2')
    expect(terminal.text()).toEqual(['$ epd-run spec.yaml', '✔ a', '❯ b', '2 of 2'])
    draw('2 of 2')
    expect(terminal.text()).toEqual(['$ epd-run spec.yaml', '2 of 2'])
  })

  it('stay on a terminal that they fill, from its last line on', () => {
    const { terminal, draw } = on(10, 4)
    for (let i = 0; i < 20; i++) draw(`a ${i}`, `b ${i}`, `c ${i}`)
    expect(terminal.text()).toEqual(['$ epd-run', 'spec.yaml', 'a 19', 'b 19', 'c 19'])
  })

  it('are written below what is told meanwhile', () => {
    const { terminal, screen, draw } = on(40, 12)
    draw('❯ a', '0 of 2')
    screen.above(() => {
      terminal.write('warning: careful\n')
    })
    draw('❯ a', '0 of 2')
    expect(terminal.text()).toEqual(['$ epd-run spec.yaml', 'warning: careful', '❯ a', '0 of 2'])
  })

  it('leave nothing behind where the terminal becomes narrower', () => {
    const { terminal, draw } = on(40, 12)
    draw('❯ epd-plugin  distilled from teacher', '12 of 330 stages')
    terminal.resize(20)
    draw('❯ epd-plugin', '12 of 330 stages')
    expect(terminal.text()).toEqual(['$ epd-run spec.yaml', '❯ epd-plugin', '12 of 330 stages'])
  })

  it('are not written again where nothing has changed', () => {
    const written: string[] = []
    const screen = inPlace(new Screen(40, 12), text => written.push(text))
    for (let i = 0; i < 3; i++) screen.draw(() => ['❯ a'])
    expect(written).toEqual(['\u001b[36m❯\u001b[39m a\n'])
  })
})
