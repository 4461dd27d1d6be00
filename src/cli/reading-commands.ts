import { Option } from 'commander'
import { METRICS } from '../metrics/registry.js'
import { either } from '../reading/problem.js'
import { PORT } from '../serve/port.js'
import type { Flags } from './flags.js'
import type { ListFlags } from './ls.js'
import { format, path, port, sort, STORE_OPTIONS, where, type CommandOfMany } from './options.js'
import type { ReportFlags } from './report.js'
import type { ResultsFlags } from './results.js'
import type { ServeFlags } from './serve.js'
import type { ShowFlags } from './show.js'
import type { TableFlags } from './table.js'

/** Adds the commands that read what runs have left in a store. */
export function addReadingCommands(program: CommandOfMany): void {
  addRunCommands(program)
  addResultCommands(program)
  addPageCommands(program)
}

/** Adds what shows runs, and one of their metrics. */
function addRunCommands(program: CommandOfMany): void {
  program
    .command('ls')
    .description('list the runs of a store: how they stand, what was set, how large they are')
    .addOptions([where, sort, ...STORE_OPTIONS])
    .action(async (options: ListFlags) => {
      const { list } = await import('./ls.js')
      list(options)
    })

  program
    .command('show <run>')
    .description('show a run: its stages, results and images; by id, beginning of an id, or name')
    .option('--plots', 'draw loss curves and learned time points, as is done on a terminal')
    .option('--no-plots', 'draw nothing')
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, options: ShowFlags) => {
      const { show } = await import('./show.js')
      show(run, options)
    })

  program
    .command('table <run>')
    .description("a run's samples by two of their properties, as papers have it: best in bold, second underlined")
    .option(
      '--rows <property>',
      'what makes a row: solver, samples (the stage), nfe, points, evaluations (of one image), or an axis of the matrix',
      'solver'
    )
    .option('--cols <property>', 'what makes a column', 'nfe')
    .option(
      '--over <property>',
      'what samples of one place may differ in, such as an axis of seeds: cells are their means ± standard deviations'
    )
    .requiredOption('--metric <metric>', either(METRICS.map(({ name }) => name)))
    .addOptions([where, format, ...STORE_OPTIONS])
    .action(async (run: string, options: TableFlags) => {
      const { table } = await import('./table.js')
      table(run, options)
    })
}

/** Adds what shows results of any runs. */
function addResultCommands(program: CommandOfMany): void {
  program
    .command('results [runs...]')
    .description('what was sampled and scored in runs, or in all of a store')
    .addOptions([where, sort])
    .addOption(
      new Option(
        '--columns <names>',
        'which columns, with commas between them: properties, metrics, axes of a matrix'
      ).argParser((names: string) => names.split(',').map(name => name.trim()))
    )
    .addOption(format)
    .option('--csv', 'print CSV, as --format csv does')
    .addOptions(STORE_OPTIONS)
    .action(async (runs: string[], options: ResultsFlags) => {
      const { results } = await import('./results.js')
      results(runs, options)
    })

  program
    .command('compare <run> <others...>')
    .description(
      'what differs between runs: in their specs, and in the results of samples of one name and the same seeds'
    )
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, others: string[], options: Flags) => {
      const { compare } = await import('./compare.js')
      await compare([run, ...others], options)
    })

  program
    .command('query [sql]')
    .description('read the store with SQL, such as "SELECT * FROM results"; without it, list the tables, with examples')
    .option('--csv', 'print CSV')
    .addOptions(STORE_OPTIONS)
    .action(async (sql: string | undefined, options: Flags & { csv?: boolean }) => {
      const { query } = await import('./query.js')
      await query(sql, options)
    })
}

/** Adds what shows runs in a browser. */
function addPageCommands(program: CommandOfMany): void {
  program
    .command('report <runs...>')
    .description(
      'write one page of HTML about runs, that needs no network: results, images, what was learned, commands'
    )
    .requiredOption('-o, --out <file>', 'the .html to write', path)
    .addOptions(STORE_OPTIONS)
    .action(async (runs: string[], options: ReportFlags) => {
      const { report } = await import('./report.js')
      await report(runs, options)
    })

  program
    .command('serve')
    .description(
      'serve pages over the store to a browser on this machine: runs, also while they go on, tables, reports'
    )
    .option('--port <number>', 'where to listen on 127.0.0.1; 0 takes one that is free', port, PORT)
    .addOptions(STORE_OPTIONS)
    .action(async (options: ServeFlags) => {
      const { serve } = await import('./serve.js')
      await serve(options)
    })
}
