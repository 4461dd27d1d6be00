import type { Fault, WayOut } from '../errors.js'
import { printable } from './printable.js'

/** What a way out is on the command line. `subject`: what the error is about. */
const ADVICE: Readonly<Record<WayOut, string | ((subject: string) => string)>> = {
  'another-store': 'choose another folder with --store',
  'another-folder': 'name another with --store',
  'writable-store': 'choose another folder with --store, or copy this one there',
  'writable-copy': 'copy the store to where it can be written, or run epd-run ls once as who may write it',
  'raise-limit': 'raise that limit and run again',
  'replace-store': 'move it away, or choose another folder with --store',
  'more-space': 'free some space or choose another folder with --store',
  'make-store': 'run an experiment first, or name another folder with --store',
  'newer-version': 'use a newer epd-run, or --store with another folder',
  'import-again': subject => `import it again: epd-run import ${subject}`,
  'say-list': 'say which with --lists',
  'say-solver': 'name it with --solver',
  'say-configuration': 'name it with --configuration',
  'allow-mismatch': '--allow-mismatch uses it all the same',
  'another-name': 'give another name with --name',
  'name-model': 'name it with --model',
  'list-predictors': 'epd-run predictors lists them',
  download: 'epd-run fetch downloads it',
  'show-run': 'epd-run show lists what they have',
  'choose-samples': subject => `choose with --where ${subject}`,
  'choose-rows': subject => `--rows samples has a row for each, and --where ${subject} chooses one`,
  'list-engines': 'epd-run doctor shows what there is',
  'another-port': 'name another with --port, or any that is free with --port 0',
  'make-statistics': 'make them with epd-run reference'
}

/** The options that errors name, which the library calls as they are here but for the dashes. */
const OPTIONS: readonly string[] = [
  ...['metric', 'set', 'where', 'over', 'out', 'model', 'prompts', 'detach', 'port'],
  ...['weights', 'preparation']
]

/** An error in the terms of the command line, a line for each thing that is wrong. */
export function inTerms(error: Fault & { readonly faults?: readonly Fault[] }): string {
  return (error.faults ?? [error]).map(line).join('\n')
}

function line({ message, subject = '', wayOut, quoted }: Fault): string {
  const shown = inOneLine(message, quoted)
  const said = OPTIONS.includes(subject) && message.startsWith(subject) ? `--${shown}` : shown
  if (wayOut === undefined) return said
  const advice = ADVICE[wayOut]
  const words = typeof advice === 'string' ? advice : advice(printable(subject))
  return said.endsWith('?') ? `${said} (${words})` : `${said}; ${words}`
}

/** A message in which a line feed, such as one in the name of a file, begins no line but in what is quoted. */
function inOneLine(message: string, quoted = ''): string {
  const at = quoted === '' ? -1 : message.indexOf(quoted)
  if (at < 0) return printable(message)
  // The quotation stands in lines of its own.
  const before = message.slice(0, at).replace(/\n$/, '')
  const behind = message.slice(at + quoted.length).replace(/^\n/, '')
  return `${printable(before)}\n${quoted}\n${printable(behind)}`
}
