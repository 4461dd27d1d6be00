/** Lists the cycles of imports below a folder, src by default, and fails if there are any. Imports of types count. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

/** The groups of files below a folder that import each other in a circle, as paths from that folder. */
export function cyclesIn(folder: string): string[][] {
  const root = resolve(folder)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .map(name => join(root, name))
  const imports = new Map(files.map(file => [file, importsOf(file)]))
  return circles(imports).map(group => group.map(file => relative(root, file)).sort())
}

/** The files that a file imports before it runs; packages are left out. */
function importsOf(file: string): string[] {
  const { statements } = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  return statements.flatMap(statement => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
    const name = statement.moduleSpecifier
    if (!name || !ts.isStringLiteral(name) || !name.text.startsWith('.')) return []
    return [sourceAt(resolve(dirname(file), name.text))]
  })
}

/** A module's source: TypeScript imports it by the name of what it is compiled to. */
function sourceAt(path: string): string {
  const source = path.replace(/\.js$/, '.ts')
  return existsSync(source) ? source : path
}

/** The files that reach themselves, in groups that reach each other. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map([...imports.keys()].map(file => [file, reachedFrom(file, imports)]))
  const groups: string[][] = []
  for (const [file, others] of reached) {
    if (!others.has(file) || groups.some(group => group.includes(file))) continue
    groups.push([...others].filter(other => reached.get(other)?.has(file)))
  }
  return groups
}

/** All that a file imports, and what that imports in turn. */
function reachedFrom(file: string, imports: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>()
  const next = [...(imports.get(file) ?? [])]
  for (let other = next.pop(); other !== undefined; other = next.pop()) {
    if (reached.has(other)) continue
    reached.add(other)
    next.push(...(imports.get(other) ?? []))
  }
  return reached
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder = 'src'] = process.argv.slice(2)
  const cycles = cyclesIn(folder)
  for (const files of cycles) console.error(`${folder}: these files import each other in a circle: ${files.join(', ')}`)
  process.exitCode = cycles.length > 0 ? 1 : 0
}
