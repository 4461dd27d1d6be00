import { describe, expect, it } from 'vitest'
import { ensureSize, isLive } from '../../src/cli/terminal.js'

describe('a live terminal', () => {
  const tty = { isTTY: true }
  it.each([
    ['with a name', tty, { TERM: 'xterm-256color' }, true],
    ['with CI unset by its value', tty, { TERM: 'xterm', CI: 'false' }, true],
    ['that is dumb', tty, { TERM: 'dumb' }, false],
    ['in CI', tty, { TERM: 'xterm', CI: 'true' }, false],
    ['that is none', { isTTY: undefined }, { TERM: 'xterm' }, false]
  ])('%s', (_, stream, environment, live) => {
    expect(isLive(stream, environment)).toBe(live)
  })

  it('without a name is one on Windows alone', () => {
    expect(isLive(tty, {})).toBe(process.platform === 'win32')
  })
})

describe('the size of a terminal', () => {
  it.each([0, 1, 2, 9])('is 80 columns where it says %d', columns => {
    const stream = { isTTY: true, columns, rows: 0 }
    ensureSize(stream)
    expect([stream.columns, stream.rows]).toEqual([80, 24])
  })

  it('is what it says, also after it has changed', () => {
    const stream = { isTTY: true, columns: 0, rows: 50 }
    ensureSize(stream)
    expect(stream.rows).toBe(50)
    stream.columns = 120
    expect(stream.columns).toBe(120)
    stream.columns = 0
    expect(stream.columns).toBe(80)
  })

  it('is left alone where there is no terminal', () => {
    const stream = { isTTY: false, columns: 0 }
    ensureSize(stream)
    expect(stream.columns).toBe(0)
  })
})
