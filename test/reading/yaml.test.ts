import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/reading/yaml.js'

describe('YAML that is nested too deeply', () => {
  it.each([
    ['lists in one line', '['.repeat(20_000)],
    ['mappings in one line, a key each', ' csv:'.repeat(5_000)],
    ['lists in a line each', Array.from({ length: 3_000 }, (_, i) => `${' '.repeat(i)}-`).join('\n')]
  ])('is a fault in words, wherever it fills the stack: %s', (_, text) => {
    const messages = parseYaml(text).faults.map(({ message }) => message)
    expect(messages.length).toBeGreaterThan(0)
    expect(messages.some(message => message.includes('call stack'))).toBe(false)
  })
})
