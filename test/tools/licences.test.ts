import { describe, expect, it } from 'vitest'
import { faults, licensed, lockedPackages } from '../../tools/licences.js'

const one = (licence: string, development = false) => faults([{ name: 'one', licence, development }])

describe('the licences of packages', () => {
  it('are all of a kind that has been looked at', () => {
    const packages = licensed(lockedPackages())
    expect(packages.map(({ name }) => name)).toContain('onnxruntime-node')
    expect(faults(packages)).toEqual([])
  })

  it('may be a choice of which one suffices, and several of which all do', () => {
    expect(one('(MIT OR GPL-3.0)')).toEqual([])
    expect(one('MIT AND ISC')).toEqual([])
    expect(one('(MIT AND GPL-3.0)')).toHaveLength(1)
  })

  it('of a new kind are named with their package', () => {
    expect(one('GPL-3.0')).toEqual(['one is under GPL-3.0, which tools/licences.js does not list for use'])
    expect(faults(licensed({ 'node_modules/a/node_modules/@b/c': { license: undefined } }))[0]).toMatch(/^@b\/c is/)
  })

  it('of tools are more than those of what epd-run runs with', () => {
    expect(one('MPL-2.0', true)).toEqual([])
    expect(one('MPL-2.0')).toHaveLength(1)
  })
})
