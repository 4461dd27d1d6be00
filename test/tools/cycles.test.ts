import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cyclesIn } from '../../tools/cycles.js'

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'epd-cycles-'))
  mkdirSync(join(folder, 'sub'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

it('finds files that import each other in a circle, whether for types or for values', () => {
  const folder = folderOf({
    'a.ts': "import { b } from './sub/b.js'\nexport type A = typeof b",
    'sub/b.ts': "export * from './c.js'\nexport const b = 1",
    'sub/c.ts': "import type { A } from '../a.js'\nexport type C = A",
    'd.ts': "import type { A } from './a.js'\nexport type D = A"
  })
  expect(cyclesIn(folder)).toEqual([['a.ts', join('sub', 'b.ts'), join('sub', 'c.ts')]])
})

it('takes imports while a file runs, and those of packages, for none', () => {
  const folder = folderOf({
    'a.ts': "import 'yaml'\nexport const a = () => import('./b.js')",
    'b.ts': "export { a } from './a.js'"
  })
  expect(cyclesIn(folder)).toEqual([])
})
