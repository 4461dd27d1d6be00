// docs/reference/api.md is made from what src/index.ts exports and from the docstrings there. `npm run docs` writes it
// again, and a test holds it current.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, Logger, LogLevel, type TypeDocOptions } from 'typedoc'
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
  logLevel: LogLevel.Warn,
  disableSources: true,
  excludeExternals: true,
  validation: { notExported: true, notDocumented: true, invalidLink: true, invalidPath: true, rewrittenLink: false },
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias', 'Variable'],
  // The constants that these types are made of say what the types say.
  intentionallyNotExported: [
    ...['OPTIONS', 'KINDS', 'KEYS', 'COLUMN', 'ADAM', 'LEAST_SQUARES', 'LEVENBERG_MARQUARDT'],
    ...['EXPLICIT', 'ENDS', 'NOISE_SCALE', 'PRECISION', 'FLOWMATCH']
  ],
  groupOrder: ['Functions', 'Classes', 'Variables', 'Interfaces', 'Type Aliases'],
  skipErrorChecking: true,
  router: 'module',
  entryFileName: 'api',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  useCodeBlocks: true
}

/** What TypeDoc calls a parameter that is taken apart where it is declared. */
const UNNAMED = '__namedParameters'

/** Keeps what TypeDoc finds wrong, and prints nothing. */
class Faults extends Logger {
  constructor(private readonly faults: string[]) {
    super()
  }

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.faults.push(message)
  }
}

/** The reference of what a module exports. */
export async function apiReference(entry = ENTRY, tsconfig = TSCONFIG): Promise<Reference> {
  const out = mkdtempSync(join(tmpdir(), 'epd-api-'))
  try {
    const app = await Application.bootstrapWithPlugins({ ...OPTIONS, entryPoints: [entry], tsconfig, out })
    const faults: string[] = []
    app.logger = new Faults(faults)
    const project = await app.convert()
    if (!project) return { markdown: '', faults }
    app.validate(project)
    await app.generateOutputs(project)
    const markdown = readFileSync(join(out, 'api.md'), 'utf8')
    return { markdown: markdown.replaceAll(UNNAMED, 'options'), faults }
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
