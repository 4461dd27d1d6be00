import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLASSES } from '../../src/networks/diffusers-classes.js'

type Signatures = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>

const file = new URL('../fixtures/networks/diffusers-signatures.json', import.meta.url)
const signatures = JSON.parse(readFileSync(file, 'utf8')) as Signatures

describe.each(Object.entries(signatures))("the constructors of diffusers' version %s", (_, classes) => {
  it.each(Object.entries(CLASSES))('%s has the defaults of the table', (name, { defaults }) => {
    const known = Object.fromEntries(Object.keys(classes[name]).map(key => [key, defaults[key]]))
    expect(known).toEqual(classes[name])
  })
})

it('all arguments of the table are those of the newest version', () => {
  const newest = Object.values(signatures).at(-1)
  for (const [name, { defaults }] of Object.entries(CLASSES))
    expect(Object.keys(defaults).sort()).toEqual(Object.keys(newest?.[name] ?? {}).sort())
})

it('harmless arguments, and those of which some values alone are supported, are arguments', () => {
  for (const { defaults, harmless, only } of Object.values(CLASSES))
    for (const name of [...harmless, ...Object.keys(only)]) expect(Object.keys(defaults)).toContain(name)
})
