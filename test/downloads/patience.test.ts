import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { patience } from '../../src/downloads/patience.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a wait for a server', () => {
  it('tells of silence from the fifth second on, and ends when it has lasted', () => {
    const told: number[] = []
    const outer = new AbortController()
    const wait = patience(10, outer.signal, seconds => told.push(seconds))
    vi.advanceTimersByTime(6500)
    expect(told).toEqual([5, 6])
    wait.renew()
    vi.advanceTimersByTime(9000)
    expect(told).toEqual([5, 6, 5, 6, 7, 8])
    expect([wait.isOver(), wait.signal.aborted]).toEqual([false, false])
    vi.advanceTimersByTime(2000)
    expect([wait.isOver(), wait.signal.aborted]).toEqual([true, true])
    wait.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends with what is around it', () => {
    const outer = new AbortController()
    const wait = patience(10, outer.signal, () => undefined)
    outer.abort()
    expect([wait.isOver(), wait.signal.aborted]).toEqual([false, true])
    wait.end()
  })
})
