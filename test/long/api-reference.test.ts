import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { apiReference } from '../../tools/api-reference.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/api/${name}`, import.meta.url))

describe('docs/reference/api.md', () => {
  it('is what `npm run docs` makes, from exports that all have docstrings and mention exported types alone', async () => {
    const { markdown, faults } = await apiReference()
    expect(faults).toEqual([])
    expect(readFileSync('docs/reference/api.md', 'utf8')).toBe(markdown)
  })

  it('is not made from an export without a docstring, nor from one that mentions a type which is not exported', async () => {
    const { faults } = await apiReference(fixture('index.ts'), fixture('tsconfig.json'))
    expect(faults).toContainEqual(expect.stringMatching(/^Hidden, .* is referenced by area.of but not included/))
    expect(faults).toContainEqual(expect.stringMatching(/^area .* does not have any documentation$/))
  })
})
