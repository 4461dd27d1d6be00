import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../support/cli.js'
import { makeHostileStore } from '../support/hostile-store.js'
import { HOSTILE_VALUES } from '../support/hostile-values.js'
import { onTerminal } from '../support/terminal.js'

const root = temporaryFolder()
const RESULTS = 'SELECT * FROM results'

beforeAll(() => {
  makeHostileStore(root)
})

const run = (...args: readonly string[]) => epdRun([...args, '--store', root])

/** What a terminal would obey. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800]/

describe('hostile values of a store', () => {
  it.each([
    ['ls'],
    ['ls', '--json'],
    ['show', 'hostile-1', '--plots'],
    ['show', 'hostile-1', '--json'],
    ['results'],
    ['results', '--json'],
    ['table', 'hostile-1', '--metric', 'rmse'],
    ['table', 'hostile-1', '--metric', 'rmse', '--rows', 'samples', '--cols', 'solver'],
    ['compare', 'hostile-1', 'hostile-2'],
    ['compare', 'hostile-1', 'hostile-2', '--json'],
    ['query', RESULTS],
    ['predictors'],
    ['results', '--where', `solver=${HOSTILE_VALUES['a cleared screen']}`, '--columns', 'samples,\u001b[2J'],
    ['compare', 'hostile-1/nobody', 'hostile-2'],
    ['resume', 'hostile-1']
  ])('are shown, not obeyed: %j', async (...args) => {
    const { stdout, stderr } = await run(...args)
    expect(stdout + stderr).not.toBe('')
    expect(stdout + stderr).not.toMatch(OBEYED)
  })

  it.each([40, 80])(
    'are shown, not obeyed, on a terminal of %d columns, none of whose lines is longer',
    async columns => {
      for (const args of [['ls'], ['show', 'hostile-1'], ['results'], ['compare', 'hostile-1', 'hostile-2']]) {
        const screen = await onTerminal([...args, '--store', root], { columns })
        expect(screen).toContain('\\u001b[2J')
        expect(screen).not.toMatch(OBEYED)
      }
    }
  )

  it.each([
    ['results', '--format', 'csv'],
    ['results', '--csv', '--columns', 'samples,solver,schedule,rmse'],
    ['table', 'hostile-1', '--metric', 'rmse', '--rows', 'samples', '--format', 'csv'],
    ['query', RESULTS, '--csv'],
    ['query', 'SELECT run_stages.name, position + 1 FROM run_stages', '--csv']
  ])('are no formulas in CSV, where numbers stay as they are: %j', async (...args) => {
    const { stdout } = await run(...args)
    const cells = parse(stdout, { relax_column_count: false }).flat()
    const formulas = cells.filter(cell => /^[\s\ufeff]*[=+\-@\uff1d]/.test(cell) && Number.isNaN(Number(cell)))
    expect(formulas).toEqual([])
    expect(cells.some(cell => cell.startsWith("'="))).toBe(true)
    expect(cells.some(cell => Number(cell) > 0)).toBe(true)
  })

  it('keep a negative number a number', async () => {
    const sql = "SELECT -1.5 AS a, '-2' AS b, '+3e4' AS c, '-1+1' AS d"
    expect((await run('query', sql, '--csv')).stdout).toBe("a,b,c,d\n-1.5,-2,+3e4,'-1+1\n")
  })

  it.each([['results'], ['table', 'hostile-1', '--metric', 'rmse', '--rows', 'samples']])(
    'are text in Markdown: %j',
    async (...args) => {
      const { stdout } = await run(...args, '--format', 'markdown')
      const lines = stdout.trimEnd().split('\n')
      const pipes = new Set(lines.map(line => line.replaceAll(/\\[^]/g, '').split('|').length))
      expect(pipes.size).toBe(1)
      const unescaped = stdout.replaceAll(/\\[^]/g, '')
      expect(unescaped.replaceAll(/<\/?u>/g, '')).not.toMatch(/[<>[\]`]|https:/)
    }
  )

  it.each([['results'], ['table', 'hostile-1', '--metric', 'rmse', '--rows', 'samples']])(
    'run no command of LaTeX: %j',
    async (...args) => {
      const { stdout } = await run(...args, '--format', 'latex')
      const commands = new Set(stdout.match(/\\[a-zA-Z]+/g))
      const known = ['begin', 'end', 'toprule', 'midrule', 'bottomrule', 'textbf', 'underline']
      const signs = ['textbackslash', 'textasciitilde', 'textasciicircum', 'textless', 'textgreater', 'textbar']
      const others = [...commands].filter(command => ![...known, ...signs].includes(command.slice(1)))
      expect(others).toEqual([])
      // Each row ends once, and has as many cells as its head.
      const rows = stdout.split('\n').filter(line => line.endsWith('\\\\'))
      expect(new Set(rows.map(row => row.replaceAll('\\&', '').split('&').length)).size).toBe(1)
    }
  )
})
