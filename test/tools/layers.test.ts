import { readdirSync, readFileSync } from 'node:fs'
import { ESLint, Linter } from 'eslint'
import tseslint from 'typescript-eslint'
import { expect, it } from 'vitest'
import { LAYERS, upwardFrom } from '../../tools/layers.js'

const root = new URL('../../', import.meta.url)

it('the layers are the folders of src, in the order of ARCHITECTURE.md', () => {
  const text = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8')
  expect([...text.matchAll(/^\| `src\/([a-z]+)`/gm)].map(([, folder]) => folder)).toEqual(LAYERS)
  const folders = readdirSync(new URL('src', root), { withFileTypes: true }).filter(entry => entry.isDirectory())
  expect(folders.map(({ name }) => name).sort()).toEqual([...LAYERS].sort())
})

it.each([
  ['store', '../pipeline/plan.js', true],
  ['store', '../store/rows.js', false],
  ['store', '../errors.js', false],
  ['store', '../solvers/solve.js', false],
  ['engines', '../../models/open.js', true],
  ['cli', '../pipeline/plan.js', false],
  [undefined, './files/place.js', true]
] as const)('from %s, %s points up: %s', (folder, name, isUp) => {
  expect(new RegExp(upwardFrom(folder).regex).test(name)).toBe(isUp)
})

it('an import of a type that points up is an error of the lint', async () => {
  const rule = ['error', { patterns: [upwardFrom('files')] }] as const
  const messages = new Linter().verify("import type { Plan } from '../pipeline/plan.js'", {
    languageOptions: { parser: tseslint.parser },
    rules: { 'no-restricted-imports': [...rule] }
  })
  expect(messages).toMatchObject([{ ruleId: 'no-restricted-imports' }])
  const config: unknown = await new ESLint().calculateConfigForFile('src/files/place.ts')
  expect(JSON.stringify(config)).toContain(JSON.stringify(upwardFrom('files').regex))
})
