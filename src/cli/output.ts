import { printable, printableJson, printableLines } from './printable.js'
import { drawsUnicode } from './terminal.js'

/** Prints lines for people: what is in them that a terminal would obey is shown instead, whoever wrote it. */
export function print(text: string): void {
  process.stdout.write(`${inLetters(printableLines(text))}\n`)
}

/** A text of this program for a terminal that shows ASCII alone. */
function inLetters(text: string): string {
  return drawsUnicode(process.stdout) ? text : text.replaceAll('±', '+-')
}

/** Prints a value as a line of JSON. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value))}\n`)
}

/** Prints what other programs read to the letter; on a terminal it is shown as `print` shows it. */
export function printExact(text: string): void {
  process.stdout.write(exact(text))
}

/** A text as `printExact` prints it. */
export function exact(text: string): string {
  return process.stdout.isTTY ? printableLines(text) : text
}

/** Prints lines that hold sequences for the terminal, all else in which is `printable`. */
export function printMarked(text: string): void {
  process.stdout.write(`${inLetters(text)}\n`)
}

/** Writes sequences for the terminal, and lines between them that are all `printable`. */
export function printSequences(text: string): void {
  process.stdout.write(text)
}

/** Tells a line on stderr, whatever is in it. */
export function tell(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

/** Tells lines on stderr. */
export function tellLines(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`)
}

export function warn(message: string): void {
  tell(`warning: ${message}`)
}

/** Writes a line on stderr in place of the one before, which it ends if there is no text. */
export function tellInPlace(text: string): void {
  process.stderr.write(`\r\u001b[K${printable(text)}`)
}

/**
 * Writes to stdout, and waits where whoever reads has not read what came before, so that no more than some of it is
 * held in memory.
 */
export async function written(text: string): Promise<void> {
  if (process.stdout.write(text)) {
    // An error of stdout is told between two turns.
    await new Promise(resolve => setImmediate(resolve))
    return
  }
  await new Promise<void>(resolve => {
    const go = () => {
      process.stdout.off('drain', go).off('close', go).off('error', go)
      resolve()
    }
    process.stdout.on('drain', go).on('close', go).on('error', go)
  })
}
