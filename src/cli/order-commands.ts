import { Option } from 'commander'
import type { Flags } from './flags.js'
import { path, STORE_OPTIONS, type CommandOfMany } from './options.js'
import type { ArchiveFlags, GarbageFlags, InitFlags } from './order-flags.js'

/** Adds the commands that keep a store in order, and those that help to begin. */
export function addOrderCommands(program: CommandOfMany): void {
  program
    .command('rm <run...>')
    .description('delete the record of runs; what their stages have left stays until epd-run gc')
    .addOptions(STORE_OPTIONS)
    .action(async (runs: string[], options: Flags) => {
      const { remove } = await import('./order.js')
      await remove(runs, options)
    })
  program
    .command('gc')
    .description('delete what nothing in the store refers to; what other processes use stays')
    .option('--dry-run', 'list what would be deleted, with its bytes')
    .option('--downloads', 'delete downloads too that no run in the store has read')
    .addOptions(STORE_OPTIONS)
    .action(async (options: GarbageFlags) => {
      const { collect } = await import('./order.js')
      await collect(options)
    })
  program
    .command('du')
    .description('show what takes the room of a store')
    .addOptions(STORE_OPTIONS)
    .action(async (options: Flags) => {
      const { room } = await import('./order.js')
      await room(options)
    })
  addLabelCommands(program)
  addArchiveCommands(program)
  addBeginnings(program)
}

function addLabelCommands(program: CommandOfMany): void {
  program
    .command('tag <run> <tag...>')
    .description('tag a run')
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, tags: string[], options: Flags) => {
      const { tag } = await import('./labels.js')
      tag(run, tags, options)
    })
  program
    .command('untag <run> <tag...>')
    .description('take tags off a run')
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, tags: string[], options: Flags) => {
      const { untag } = await import('./labels.js')
      untag(run, tags, options)
    })
  program
    .command('note <run> <text>')
    .description('note something of a run, in place of what was noted; "" deletes the note')
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, text: string, options: Flags) => {
      const { note } = await import('./labels.js')
      note(run, text, options)
    })
  program
    .command('rename <run> <name>')
    .description('give a run another name; its id stays')
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, name: string, options: Flags) => {
      const { rename } = await import('./labels.js')
      rename(run, name, options)
    })
}

function addArchiveCommands(program: CommandOfMany): void {
  program
    .command('archive <run>')
    .description('write a run whole into one file, to be read on another machine')
    .addOption(new Option('-o, --out <file>', 'the .tar to write').argParser(path).makeOptionMandatory())
    .addOptions(STORE_OPTIONS)
    .action(async (run: string, options: ArchiveFlags) => {
      const { give } = await import('./archive.js')
      await give(run, options)
    })
  program
    .command('unarchive')
    .argument('<file>', 'what epd-run archive has written', path)
    .description('read a run from a file that archive wrote; all of it is verified')
    .addOptions(STORE_OPTIONS)
    .action(async (file: string, options: Flags) => {
      const { take } = await import('./archive.js')
      await take(file, options)
    })
}

function addBeginnings(program: CommandOfMany): void {
  program
    .command('init [model...]')
    .description(
      'write a commented spec for a model: a checkpoint, a folder of diffusers, an .onnx, or a program with its arguments'
    )
    .addOption(new Option('-o, --out <file>', 'the .yaml to write; by default named as the model').argParser(path))
    .addOptions(STORE_OPTIONS)
    .action(async (model: string[], options: InitFlags) => {
      const { init } = await import('./init.js')
      await init(model, options)
    })
  program
    .command('completion <shell>')
    .description('print what completes commands, options, runs and tags in a shell: bash, zsh or fish')
    .action(async (shell: string) => {
      const { completion } = await import('./completion.js')
      completion(shell)
    })
  program
    .command('complete', { hidden: true })
    .argument('[words...]', 'the words of the line up to the cursor')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const { complete } = await import('./completion.js')
      complete(program, words)
    })
}
