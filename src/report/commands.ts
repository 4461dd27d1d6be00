import { html, type Html } from '../html/html.js'
import type { ReportData, ReportRun } from './data.js'

/** A word of a command as a POSIX shell takes it, whatever is in it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command line of epd-run in the store of the report. */
export function command({ storeName }: Pick<ReportData, 'storeName'>, ...words: readonly string[]): string {
  const store = storeName === 'runs' ? [] : ['--store', storeName]
  return ['epd-run', ...words, ...store].map(shellWord).join(' ')
}

/** The command that repeats a run from its spec. */
export function repeats(data: ReportData, { run }: ReportRun): string {
  const file = run.file.slice(Math.max(run.file.lastIndexOf('/'), run.file.lastIndexOf('\\')) + 1)
  const path = file.startsWith('-') ? `./${file}` : file
  const overrides = run.overrides.flatMap(override => ['--set', override])
  return command(data, 'run', path, ...overrides, ...(run.allowMismatch ? ['--allow-mismatch'] : []))
}

/** Lines for a shell, which a script gives a button to copy them. */
export function shell(...lines: readonly string[]): Html {
  return html`<pre class="shell" tabindex="0"><code>${lines.join('\n')}</code></pre>`
}
