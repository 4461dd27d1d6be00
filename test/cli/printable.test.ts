import { describe, expect, it } from 'vitest'
import { printable, printableJson, printableLines } from '../../src/cli/printable.js'

/** All that a terminal may obey. */
const UNSAFE = [
  ...Array.from({ length: 32 }, (_, i) => i).filter(code => code !== 10),
  ...Array.from({ length: 33 }, (_, i) => 0x7f + i),
  ...[0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e],
  ...[0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xd800, 0xdfff]
].map(code => String.fromCharCode(code))

describe('a text that others wrote', () => {
  it.each(UNSAFE)('%j is shown, not obeyed', character => {
    for (const shown of [printable, printableLines].map(show => show(`a${character}b`))) {
      expect(shown).toMatch(/^a\\(u[0-9a-f]{4}|[tr])b$/)
      expect(shown).not.toContain(character)
    }
  })

  it('keeps letters of every script, and what stands outside of the basic plane', () => {
    const text = 'Schrödinger 日本語 עברית 🜁 𝜎 – …'
    expect(printable(text)).toBe(text)
  })

  it('has its line feeds where it has lines, and one line else', () => {
    expect(printableLines('a\nb')).toBe('a\nb')
    expect(printable('a\nb')).toBe('a\\nb')
  })

  it('means the same in JSON', () => {
    const value = { [UNSAFE.join(' ')]: UNSAFE.join(' ') }
    const shown = printableJson(JSON.stringify(value, null, 2))
    expect(JSON.parse(shown)).toEqual(value)
    for (const character of UNSAFE) expect(shown).not.toContain(character)
  })
})
