import type { Argument, Command, Option } from 'commander'
import { EpdError } from '../errors.js'
import { expected } from '../reading/problem.js'
import { openStore, type Run } from '../store/store.js'
import { printExact } from './output.js'

/** What each shell runs to ask this program what a word may be; files are offered where that is nothing. */
const SCRIPTS = {
  bash: `_epd_run() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o bashdefault -o default -F _epd_run epd-run
`,
  zsh: `#compdef epd-run
_epd_run() {
  local -a found
  found=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    compadd -- "\${found[@]}"
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" = _epd_run ]]; then
  _epd_run "$@"
else
  compdef _epd_run epd-run
fi
`,
  fish: `function __epd_run_complete
  set -l words (commandline -opc)
  $words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c epd-run -a '(__epd_run_complete)'
`
} as const

/** Prints the script of a shell. @throws EpdError `usage` for another shell */
export function completion(shell: string): void {
  const script = Object.entries(SCRIPTS).find(([name]) => name === shell)
  if (!script) throw new EpdError('usage', expected('bash, zsh or fish', shell, Object.keys(SCRIPTS)))
  printExact(script[1])
}

/** Prints what the last word of a line may be, a line each. It never fails, since a shell asks between two keys. */
export function complete(program: Command, words: readonly string[]): void {
  const found = new Set(candidates(program, words).filter(one => one.startsWith(words.at(-1) ?? '')))
  printExact([...found].map(one => `${one}\n`).join(''))
}

function candidates(program: Command, words: readonly string[]): string[] {
  const [first = '', ...rest] = words
  const commands = program.createHelp().visibleCommands(program)
  if (rest.length === 0) {
    return first.startsWith('-') ? longOptions(program) : commands.map(command => command.name())
  }
  const command = commands.find(one => one.name() === first)
  if (!command) return first === 'help' ? [] : longOptions(defaultCommand(program))
  const word = rest.at(-1) ?? ''
  const asked = optionOf(command, rest.at(-2))
  if (asked) return [...(asked.argChoices ?? [])]
  if (word.startsWith('-')) return longOptions(command)
  const given = withoutOptions(command, rest.slice(0, -1))
  const args = command.registeredArguments
  const argument = args.at(given.length) ?? (args.at(-1)?.variadic ? args.at(-1) : undefined)
  return argument ? valuesOf(argument, command, given, storeIn(rest)) : []
}

function defaultCommand(program: Command): Command {
  return program.commands.find(command => command.name() === 'run') ?? program
}

function longOptions(command: Command): string[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => long ?? [])
}

/** The option that takes this word's successor as its value. */
function optionOf(command: Command, word: string | undefined): Option | undefined {
  return command.options.find(
    ({ long, short, required }) => required && word !== undefined && [long, short].includes(word)
  )
}

/** The words that are no options and no values of options. */
function withoutOptions(command: Command, words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('-') && !optionOf(command, words[i - 1]))
}

function storeIn(words: readonly string[]): string {
  const joined = words.find(word => word.startsWith('--store='))
  const at = words.indexOf('--store')
  return joined?.slice('--store='.length) ?? (at < 0 ? 'runs' : (words[at + 1] ?? 'runs'))
}

function valuesOf(argument: Argument, command: Command, given: readonly string[], store: string): string[] {
  if (argument.argChoices) return argument.argChoices
  if (argument.name() === 'shell') return Object.keys(SCRIPTS)
  if (argument.name() === 'run') return namesOf(runsIn(store))
  if (argument.name() !== 'tag') return []
  const runs = runsIn(store)
  const tagged = command.name() === 'untag' ? runs.filter(({ id, name }) => [id, name].includes(given[0])) : runs
  return plain(tagged.flatMap(({ tags }) => tags))
}

function namesOf(runs: readonly Run[]): string[] {
  return plain(runs.flatMap(({ id, name }) => [id, name]))
}

/** Words that a shell takes as they are. */
function plain(words: readonly string[]): string[] {
  return words.filter(word => /^[\p{L}\p{N}][\p{L}\p{N}._+@=-]*$/u.test(word))
}

/** None where there is no store, or it cannot be read. */
function runsIn(dir: string): Run[] {
  try {
    const store = openStore(dir)
    try {
      return store.runs()
    } finally {
      store.close()
    }
  } catch {
    return []
  }
}
