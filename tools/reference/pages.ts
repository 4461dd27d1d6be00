import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { experimentSchema, VOCABULARY } from '../../src/experiment/schema.js'
import { metricsPage } from './metrics.js'
import { modelsPage } from './models.js'
import { arithmetic, solversPage } from './solvers.js'
import { queriesPart, tablesPart } from './sql.js'
import { stagesPage } from './stages.js'

const NOTICE = '<!-- Written by `npm run docs` from the descriptors; change those. -->'
const CONCEPTS = 'docs/concepts.md'
const SQL = 'docs/sql.md'

/** The pages that are written from descriptors, whole or in part, by their paths from the project's folder. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const root = experimentSchema(VOCABULARY)
  const pages = new Map([
    ['docs/reference/solvers.md', `${NOTICE}\n\n${solversPage(root)}`],
    ['docs/reference/metrics.md', `${NOTICE}\n\n${metricsPage()}`],
    ['docs/reference/models.md', `${NOTICE}\n\n${modelsPage(root)}`],
    ['docs/reference/stages.md', `${NOTICE}\n\n${stagesPage(root)}`],
    [CONCEPTS, withPart(readFileSync(CONCEPTS, 'utf8'), arithmetic())],
    [SQL, withPart(withPart(readFileSync(SQL, 'utf8'), tablesPart()), queriesPart(), 'queries ')]
  ])
  const formatted = [...pages].map(async ([path, text]) => [path, await pretty(path, text)] as const)
  return new Map(await Promise.all(formatted))
}

async function pretty(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), parser: 'markdown', proseWrap: 'always' })
}

/** A page with the part between its two marks written anew. */
function withPart(page: string, part: string, name = ''): string {
  const [begin, end] = [`<!-- ${name}written by npm run docs -->`, `<!-- ${name}end -->`]
  const [before, , behind] = page.split(new RegExp(`${begin}([^]*?)${end}`))
  return `${before}${begin}\n\n${part}\n\n${end}${behind}`
}
