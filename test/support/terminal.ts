import { spawn } from 'node:child_process'
import { main } from './cli.js'

/** A terminal of a size, as a person has one. */
export interface Screen {
  readonly columns: number
  readonly rows?: number
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Runs the command line on a terminal of its own, which `script` of util-linux makes, and returns what it wrote there:
 * lines without the terminal's carriage returns.
 */
export function onTerminal(args: readonly string[], { columns, rows = 50, env = {} }: Screen): Promise<string> {
  const words = [process.execPath, main, ...args].map(word => `'${word.replaceAll("'", `'\\''`)}'`)
  const command = `stty cols ${columns} rows ${rows}; ${words.join(' ')}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, CI: '', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  return new Promise(resolve => {
    child.on('close', () => {
      resolve(output.replaceAll('\r\n', '\n'))
    })
  })
}
