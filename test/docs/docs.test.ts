import { execFile, execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readExperiment } from '../../src/experiment/load.js'
import { predictorsIn } from '../../src/pipeline/predictors.js'
import { openStore } from '../../src/store/store.js'
import { generatedPages } from '../../tools/reference/pages.js'
import { anchorsOf, BLOCKS, commandsOf, inLanguage, PAGES, root, type Block, type Command } from './blocks.js'

const run = promisify(execFile)
const main = join(root, 'dist', 'cli', 'main.js')

/** A folder as a reader has it who has saved what the pages say, and has run the default experiment with few seeds. */
const folder = mkdtempSync(join(tmpdir(), 'epd-docs-'))
const FEW = {
  'stages.teacher.seeds': '50000-50001',
  'stages.student.validation': '60000',
  'stages.student.optimizer.iterations': '1',
  'stages.student.optimizer.finalIterations': '0',
  'stages.samples.seeds': '0-3',
  'stages.euler.seeds': '0-1',
  'stages.heun.seeds': '0-1',
  'stages.dpm2.seeds': '0-1',
  'stages.reference.seeds': '0-1',
  'stages.reference.solver.numSteps': '5',
  'stages.score.metrics': '[psnr, rmse]'
}

/** What the run may take on a machine that does much else. */
const MINUTES = 300_000

beforeAll(async () => {
  cpSync(join(root, 'specs'), join(folder, 'specs'), { recursive: true })
  for (const name of ['models', 'schemas']) symlinkSync(join(root, name), join(folder, name))
  for (const { file, text } of BLOCKS) if (file !== undefined) save(file, text)
  for (const { text } of inLanguage('js')) {
    const name = /^\/\/ ([\w-]+\.js)\b/.exec(text)?.[1]
    if (name !== undefined) save(join('specs', name), text)
  }
  const set = Object.entries(FEW).flatMap(([path, value]) => ['--set', `${path}=${value}`])
  await epdRun('specs/shapes16-nfe5.yaml', ...set)
}, MINUTES)

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function save(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function epdRun(...words: readonly string[]) {
  return run(process.execPath, [main, ...words], { cwd: folder })
}

describe('pages that are written from descriptors', async () => {
  const pages = await generatedPages()

  it.each([...pages])('%s is what npm run docs writes', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text)
  })
})

describe('links', () => {
  it.each(PAGES)('of %s lead to files and headings that are there', page => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[^]*?^```$/gm, '')
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
    const broken = targets.filter(target => !target.startsWith('https://') && !leads(page, target))
    expect(broken).toEqual([])
  })
})

function leads(from: string, target: string): boolean {
  const [path, ...anchors] = target.split('#')
  const page = path === '' ? from : join(dirname(from), path)
  return existsSync(join(root, page)) && anchors.every(anchor => anchorsOf(page).has(anchor))
}

describe('docs/troubleshooting.md', () => {
  it('has a heading for each code of an error, and no other', () => {
    const codes = [...readFileSync(join(root, 'src/errors.ts'), 'utf8').matchAll(/^ {2}\| '([a-z-]+)'/gm)]
    const union = readFileSync(join(root, 'src/errors.ts'), 'utf8').split('\n\n')[0]
    const known = codes.map(([, code]) => code).filter(code => union.includes(`'${code}'`))
    const text = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(known)
  })
})

/** What tells a command from others: its name and its options. One of each is run; the specs of all are read. */
function kindOf({ words }: Command): string {
  return words.filter((word, i) => i === 2 || word.startsWith('--')).join(' ')
}

describe('commands', () => {
  const all = inLanguage('sh').flatMap(commandsOf)
  const isRun = ({ words }: Command) => words[0] === 'npx' && words[1] === 'epd-run'
  const kinds = new Set<string>()
  const once = all.filter(one => isRun(one) && !one.isNotRun && !kinds.has(kindOf(one)) && kinds.add(kindOf(one)))

  it.each(once.map(({ place, words }) => [words.slice(1).join(' '), place, words] as const))(
    '%s (%s) works',
    async (_, _place, words) => {
      await epdRun(...words.slice(2))
    }
  )

  it.each(
    all
      .filter(one => isRun(one) && !once.includes(one))
      .map(({ place, words }) => [words.slice(1).join(' '), place, words] as const)
  )('%s (%s) is a command, with a spec that is sound', async (_, _place, words) => {
    const files = readdirSync(join(root, 'src/cli')).filter(name => /^(main|options|.*-commands)\.ts$/.test(name))
    const source = files.map(name => readFileSync(join(root, 'src/cli', name), 'utf8')).join('\n')
    const spec = words.find(word => word.endsWith('.yaml'))
    if (words[2] !== spec) expect(source).toContain(`.command('${words[2]}`)
    for (const word of words.filter(each => each.startsWith('--'))) expect(source).toContain(`'${word}`)
    const set = words.filter((_word, i) => words[i - 1] === '--set')
    if (spec !== undefined) await readExperiment({ file: join(folder, spec), set })
  })

  it('of npm are scripts that there are, and all others are marked as not run', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
    for (const { place, words, isNotRun } of all.filter(one => !isRun(one))) {
      const [program, verb, name] = words
      if (program !== 'npm') expect(isNotRun, `${place}: ${words.join(' ')}`).toBe(true)
      else if (verb === 'run') expect(Object.keys(scripts), place).toContain(name)
      else expect(['ci', 'test', 'install'], place).toContain(verb)
    }
  })
})

describe('YAML', () => {
  const specs = inLanguage('yaml').flatMap(block => specsOf(block).map(spec => [block.place, spec] as const))

  it.each(specs)('at %s is a spec, or a part of one', async (_, text) => {
    const predictors = predictorsIn(join(folder, 'runs'))
    const { warnings } = await readExperiment({ file: join(folder, 'specs', 'page.yaml'), text, predictors })
    expect(warnings).toEqual([])
  })
})

const WHOLE = {
  name: 'page',
  model: { checkpoint: '../models/shapes16/shapes16.safetensors' },
  solver: { name: 'euler', nfe: 5 },
  stages: { samples: { kind: 'sample', solver: { name: 'euler', nfe: 5 }, seeds: 0 } }
}

/** A block's specs: a part has the rest of a small one, and a key that stands again begins another. */
function specsOf({ text }: Block): string[] {
  const keys = new Set<string>()
  const parts = ['']
  for (const line of text.split('\n')) {
    const key = /^\w+(?=:)/.exec(line)?.[0]
    if (key !== undefined && keys.has(key)) {
      keys.clear()
      parts.push('')
    }
    if (key !== undefined) keys.add(key)
    parts[parts.length - 1] += `${line}\n`
  }
  return parts.map(part => stringify({ ...WHOLE, ...(parse(part) as object) }))
}

describe('TypeScript', () => {
  it('of all pages compiles against the types of the package', () => {
    const code = join(folder, 'code')
    inLanguage('ts').forEach(({ place, file, text }) => {
      save(join('code', file ?? place.replaceAll(/[/:.]/g, '-') + '.ts'), text)
    })
    writeFileSync(join(code, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(code, 'tsconfig.json'), JSON.stringify(configOf(code)))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const check = () => execFileSync(process.execPath, [tsc, '-p', code], { encoding: 'utf8', cwd: code })
    expect(outputOf(check)).toBe('')
  })
})

/** A project of its own: `epd-run` is the compiled package, and what stands under src/ is beside its files. */
function configOf(code: string) {
  const compilerOptions = {
    ...{ target: 'ES2022', lib: ['ES2023'], module: 'NodeNext', strict: true, noEmit: true, skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] },
    rootDirs: [join(code, 'src'), join(root, 'dist')],
    paths: { 'epd-run': [join(root, 'dist', 'index.d.ts')] }
  }
  return { compilerOptions, include: ['**/*.ts'] }
}

function outputOf(check: () => string): string {
  try {
    return check()
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

describe('SQL', () => {
  const queries = inLanguage('sql').map(({ place, text }) => [place, text] as const)

  it.each(queries)('at %s finds rows, with a value in each column', (_, sql) => {
    const store = openStore(join(folder, 'runs'))
    const { columns, rows } = store.query(sql)
    store.close()
    const empty = columns.filter((_column, i) => rows.every(row => row[i] === null))
    // One run shares no result with another, and no run has failed.
    expect(empty).toEqual(sql.includes('HAVING') ? columns : columns.filter(column => column === 'error'))
  })

  it('of docs/sql.md is thirteen queries, and says what columns each table has', () => {
    const text = readFileSync(join(root, 'docs/sql.md'), 'utf8')
    expect(inLanguage('sql').filter(({ place }) => place.startsWith('docs/sql.md'))).toHaveLength(13)
    const store = openStore(join(folder, 'runs'))
    const { rows } = store.query(
      `SELECT tables.name, group_concat('\`' || columns.name || '\`', ' ')
       FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
       WHERE tables.type = 'table' AND columns.name <> 'seal' GROUP BY tables.name`
    )
    store.close()
    for (const [table, columns] of rows) {
      const [, section = ''] = text.split(`### The table \`${String(table)}\``)
      const said = [...section.split('###')[0].matchAll(/^\| (`\w+`)/gm)].flatMap(([, name]) =>
        name === '`seal`' ? [] : name
      )
      expect(said.sort(), String(table)).toEqual(String(columns).split(' ').sort())
    }
  })
})
