// docs/reference/api.md is made from what src/index.ts exports and from the docstrings there. `npm run docs:api` writes it again, and a test
// holds it current.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { Application, LogLevel, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'

const PAGE = fileURLToPath(new URL('../docs/reference/api.md', import.meta.url))
const ENTRY = fileURLToPath(new URL('../src/index.ts', import.meta.url))
const TSCONFIG = fileURLToPath(new URL('../tsconfig.build.json', import.meta.url))

export interface Reference {
  readonly markdown: string
  /** What is exported without a docstring, and what a signature mentions that is not exported. */
  readonly faults: readonly string[]
}

const OPTIONS: TypeDocOptions & PluginOptions = {
  name: 'API reference',
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  sort: ['alphabetical'],
  validation: { notExported: true, notDocumented: true, invalidLink: true, invalidPath: true, rewrittenLink: false },
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias', 'Variable'],
  logLevel: LogLevel.None,
  router: 'module',
  entryFileName: 'api',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hideGroupHeadings: false,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  useCodeBlocks: true,
  expandParameters: true
}

/** The reference of what a module exports. */
export async function apiReference(entry = ENTRY, tsconfig = TSCONFIG): Promise<Reference> {
  const out = mkdtempSync(join(tmpdir(), 'epd-api-'))
  try {
    const app = await Application.bootstrapWithPlugins({ ...OPTIONS, entryPoints: [entry], tsconfig })
    const faults: string[] = []
    app.logger.addMessage = ({ text }, level = LogLevel.Info) => {
      if (level >= LogLevel.Warn) faults.push(text)
    }
    const project = await app.convert()
    if (!project) return { markdown: '', faults }
    app.validate(project)
    await app.generateDocs(project, out)
    const markdown = readFileSync(join(out, 'api.md'), 'utf8')
    return { markdown: await format(markdown, { ...(await resolveConfig(PAGE)), parser: 'markdown' }), faults }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const { markdown, faults } = await apiReference()
  process.stderr.write(faults.map(fault => `${fault}\n`).join(''))
  if (faults.length > 0) process.exitCode = 1
  else writeFileSync(PAGE, markdown)
}
