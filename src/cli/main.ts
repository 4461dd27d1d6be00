#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { CommanderError, Option } from 'commander'
import { EpdError } from '../errors.js'
import { systemReason } from '../files/reasons.js'
import { FEATURE_NETWORKS } from '../metrics/feature-networks.js'
import { INCEPTION_INPUTS } from '../metrics/inception-network.js'
import { packageVersion } from '../pipeline/version.js'
import { TARGETS } from '../predictors/targets.js'
import { nearest, quote } from '../reading/problem.js'
import { EXIT } from './exit-codes.js'
import { fail } from './fail.js'
import type { DoctorFlags, Flags, ImportFlags, ResumeFlags, RunFlags, SpecFlags } from './flags.js'
import { addImageCommands } from './image-commands.js'
import { interrupt } from './interrupt.js'
import { addOrderCommands } from './order-commands.js'
import { printableLines } from './printable.js'
import {
  allowMismatch,
  CommandOfMany,
  EXECUTION_OPTIONS,
  json,
  path,
  positive,
  set,
  STORE_OPTIONS,
  verbose
} from './options.js'
import { tell } from './output.js'
import type { ExportFlags } from './predictors.js'
import { addReadingCommands } from './reading-commands.js'
import type { ReferenceFlags } from './reference.js'
import { ensureSize } from './terminal.js'
import type { WorkFlags } from './work.js'

const program = new CommandOfMany('epd-run')
  .description(
    'Turn a pretrained diffusion model into a few-step sampler: a YAML experiment in, results in SQLite out.'
  )
  .version(packageVersion())
  .showHelpAfterError('(epd-run --help lists the commands)')
  .exitOverride()
  .configureOutput({ writeErr: text => process.stderr.write(printableLines(text)) })

program
  .command('run <spec> [more...]', { isDefault: true })
  .description('run an experiment; what the store has is not computed again (epd-run SPEC is the same)')
  .addOption(set)
  .option('--dry-run', 'show what would run, what is in the store, and what each stage would cost')
  .addOptions([allowMismatch, ...EXECUTION_OPTIONS, ...STORE_OPTIONS])
  .usage('[options] <spec>')
  .action(async (spec: string, more: string[], options: RunFlags) => {
    checkCommand(spec, more)
    const { run } = await import('./run.js')
    await run(spec, options)
  })

program
  .command('resume [run]')
  .description('continue a run that was interrupted; by default the newest that is not finished')
  .addOptions([...EXECUTION_OPTIONS, ...STORE_OPTIONS])
  .action(async (run: string | undefined, options: ResumeFlags) => {
    const { resume } = await import('./run.js')
    await resume(run, options)
  })

program
  .command('watch [run]')
  .description('see a run go on in another process; by default the newest. Ctrl-C ends the watching, not the run')
  .addOptions(STORE_OPTIONS)
  .action(async (run: string | undefined, options: Flags) => (await import('./watch.js')).watch(run, options))

program
  .command('status [run]')
  .description(
    'show how far the stages of a run are, which workers are at them and which were lost; by default the newest'
  )
  .addOptions(STORE_OPTIONS)
  .action(async (run: string | undefined, options: Flags) => {
    const { status } = await import('./status.js')
    await status(run, options)
  })

program
  .command('work')
  .argument('<order>', 'a work order in the folder `orders` of a store', path)
  .description('compute shards of a work order, as the workers of a run on several machines do')
  .requiredOption('--shards <positions>', 'which shards, such as 3 or 0-7; 0 of a stage that is computed whole')
  .option(
    '--scratch <dir>',
    'folder on a disk of this machine, where its workers share copies of what they read; may name variables such as $TMPDIR',
    path
  )
  .option('--threads <number>', 'threads of an engine on the CPU; by default all cores', positive)
  .addOption(new Option('--with-parent', 'end where the process ends that holds the other end of stdin').hideHelp())
  .addOption(verbose)
  .action(async (order: string, options: WorkFlags) => {
    const { work } = await import('./work.js')
    await work(order, options)
  })

program
  .command('validate <spec>')
  .description('check a spec and print it resolved')
  .addOptions([set, allowMismatch, ...STORE_OPTIONS])
  .action(async (spec: string, options: SpecFlags) => {
    const { validate } = await import('./validate.js')
    await validate(spec, options)
  })

program
  .command('fetch <spec>')
  .description('download all that an experiment reads, so that it then runs without a network')
  .addOptions([set, allowMismatch, ...STORE_OPTIONS])
  .action(async (spec: string, options: SpecFlags) => {
    const { fetch } = await import('./fetch.js')
    await fetch(spec, options)
  })

program
  .command('doctor [spec]')
  .description(
    'show what can run networks here, what is missing for the rest, and how fast each is on the model of a spec'
  )
  .option('--executor <name>', 'have a worker of this executor say what its machine has')
  .addOptions([set, ...STORE_OPTIONS])
  .action(async (spec: string | undefined, options: DoctorFlags) => {
    const { doctor } = await import('./doctor.js')
    await doctor(spec, options)
  })

program
  .command('reference')
  .argument('<images>', 'a folder, a zip archive or an IDX file', path)
  .description(
    'make the statistics that fid and frechet-fashion compare with, of the PNG and JPEG files in a folder or a zip archive, or of an IDX file as MNIST has them'
  )
  .addOption(
    new Option('--network <name>', 'the network whose features they are of')
      .choices(FEATURE_NETWORKS.map(({ name }) => name))
      .default(FEATURE_NETWORKS[0].name)
  )
  .option('--weights <file>', "Inception's weights, as pytorch-fid or NVIDIA publishes them", path)
  .addOption(
    new Option('--preparation <how>', 'how images become the input of Inception; by default tensorflow').choices(
      INCEPTION_INPUTS
    )
  )
  .requiredOption('--out <file>', 'the .npz to write', path)
  .addOptions([json, verbose])
  .action(async (images: string, options: ReferenceFlags) => {
    const { reference } = await import('./reference.js')
    await reference(images, options)
  })

program
  .command('predictors')
  .description('list the predictors that a spec can use: imported, distilled, and published with the paper')
  .addOptions(STORE_OPTIONS)
  .action(async (options: Flags) => {
    const { list } = await import('./predictors.js')
    list(options)
  })

program
  .command('import')
  .argument('<file>', 'the predictor', path)
  .description(
    'read a predictor into the store: what export writes, a snapshot of EPD-Solver, EPD-Solver++ or DyWeight (.pkl), a checkpoint of GAS (.pt), or a list of time points'
  )
  .option('--name <name>', 'what to call it; by default as its file does')
  .option('--solver <solver>', 'of a list: the solver that it is for, by its name or as a spec writes it')
  .addOption(new Option('--lists <what>', 'of a list: what its numbers are').choices(['sigmas', 'times', 'timesteps']))
  .option('--configuration <name>', 'of a checkpoint of GAS: the configuration that it was trained with, as cifar10')
  .addOptions(STORE_OPTIONS)
  .action(async (file: string, options: ImportFlags) => {
    const { take } = await import('./predictors.js')
    await take(file, options)
  })

program
  .command('export <predictor>')
  .description(
    'write a predictor, by its name or RUN/STAGE, as JSON or safetensors, or as a folder that samples with it in another program'
  )
  .addOption(
    new Option('--to <target>', 'what is to read it: a file of JSON, or a package of Python with a README').choices([
      'json',
      ...TARGETS.map(({ name }) => name)
    ])
  )
  .option(
    '--out <path>',
    'the .json or .safetensors to write, by default JSON to stdout; with --to the folder, by default <target>_<predictor>',
    path
  )
  .addOptions(STORE_OPTIONS)
  .action(async (predictor: string, options: ExportFlags) => {
    const { give } = await import('./predictors.js')
    give(predictor, options)
  })

addReadingCommands(program)

addImageCommands(program)
addOrderCommands(program)

/** What is no command is taken for a spec, so that `epd-run SPEC` runs one. */
function checkCommand(word: string, more: readonly string[]): void {
  const names = program
    .createHelp()
    .visibleCommands(program)
    .map(command => command.name())
  if (isSpec(word)) {
    if (more.length === 0) return
    throw new EpdError(
      'usage',
      `expected one spec, found ${more.length + 1}: ${[word, ...more].join(', ')}; run them one by one`
    )
  }
  const near = nearest(word, names)
  const meant = near === undefined ? `; the commands are ${names.join(', ')}` : `; did you mean ${quote(near)}?`
  throw new EpdError('usage', `${quote(word)} is neither a command nor a file${meant} (epd-run --help tells more)`)
}

/** Told before its options are looked at, which no command knows. */
function isUnknown(word: string | undefined): word is string {
  if (word === undefined || word === '' || word.startsWith('-') || word === 'help') return false
  return !program.commands.some(command => command.name() === word) && !isSpec(word)
}

/** What is there, or has the form of a path. */
function isSpec(word: string): boolean {
  return word === '' || existsSync(word) || /[./\\]/.test(word)
}

/** The exit code once stdout takes nothing any more. A run stops then, and what is done is kept. */
let unheard: number | undefined

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (unheard !== undefined) return
  unheard = error.code === 'EPIPE' ? EXIT.unheard : EXIT.failed
  if (unheard === EXIT.failed)
    tell(`epd-run: what it prints cannot be written (${systemReason(error) ?? error.message}); what is done is kept`)
  if (!interrupt()) process.exit(unheard)
})
// Nobody is told of an error that stderr does not take; the exit code still says that there was one.
process.stderr.on('error', () => undefined)

// What fails outside of all that is waited for ends the process with a sentence too.
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => {
    fail(error, process.argv.includes('--verbose'))
    process.exit()
  })

ensureSize(process.stdout)
ensureSize(process.stderr)

/** Whatever a command does, Node and its threads ask for the working folder. */
function checkFolder(): void {
  try {
    process.cwd()
  } catch {
    throw new EpdError('not-found', 'the working folder is gone; change to one that is there, as by cd')
  }
}

try {
  checkFolder()
  const [word] = process.argv.slice(2)
  if (isUnknown(word)) checkCommand(word, [])
  await program.parseAsync()
} catch (error) {
  if (unheard !== undefined) process.exitCode = unheard
  else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.wrongUsage
  else fail(error, process.argv.includes('--verbose'))
}
