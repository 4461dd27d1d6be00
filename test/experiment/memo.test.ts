import { describe, expect, it } from 'vitest'
import { remembering } from '../../src/experiment/memo.js'

/** Counts how often work is done that asks for `questions` and joins their answers. */
function counted(questions: readonly string[]) {
  const doing = remembering<string, string, string>()
  let times = 0
  return {
    times: () => times,
    given: (key: string, answers: Readonly<Record<string, string>>) =>
      doing(
        key,
        question => answers[question],
        ask => {
          times++
          return key + questions.map(ask).join('')
        }
      )
  }
}

describe('remembered work', () => {
  it('is done once for a key and the answers that it asks for', () => {
    const { given, times } = counted(['a'])
    expect([given('x', { a: '1', b: '1' }), given('x', { a: '1', b: '2' })]).toEqual(['x1', 'x1'])
    expect(times()).toBe(1)
  })

  it('is done again where an answer or the key differs, and is remembered for each', () => {
    const { given, times } = counted(['a', 'b'])
    const first = [given('x', { a: '1', b: '1' }), given('x', { a: '1', b: '2' }), given('y', { a: '1', b: '2' })]
    expect(first).toEqual(['x11', 'x12', 'y12'])
    expect(given('x', { a: '1', b: '2' })).toBe('x12')
    expect(given('x', { a: '1', b: '1' })).toBe('x11')
    expect(times()).toBe(3)
  })
})
