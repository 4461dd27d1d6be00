import type { Value } from './pickle-values.js'

/** Modules whose functions reach beyond a pickle's own data. */
const MODULES = new Set([
  ...['os', 'posix', 'nt', 'sys', 'subprocess', 'popen2', 'pty', 'shutil', 'socket', 'ctypes', '_ctypes'],
  ...['importlib', 'imp', 'runpy', 'pdb', 'bdb', 'timeit', 'webbrowser', 'pip', 'asyncio'],
  ...[
    'pickle',
    '_pickle',
    'cPickle',
    'marshal',
    'requests',
    'urllib',
    'urllib2',
    'http',
    'httplib',
    'smtplib',
    'ftplib'
  ]
])
/** Modules that are reached through another's name. */
const WITHIN = new Set(['os', 'posix', 'sys', 'subprocess', 'builtins', '__builtin__'])
/** Functions that run or open what they are given, of whatever module. */
const FUNCTIONS = new Set([
  ...['eval', 'exec', 'execfile', 'system', 'popen', 'spawn', 'open', 'load', 'loads', 'compile', '__import__'],
  ...['read_pickle', 'getoutput', 'getstatusoutput', 'import_module', 'load_module', 'run_module', 'run_path']
])
/** Python's own types. */
const TYPES = new Set([
  ...['object', 'slice', 'complex', 'range', 'xrange', 'int', 'long', 'float', 'str', 'unicode', 'bytes', 'bool'],
  ...['bytearray', 'dict', 'list', 'tuple', 'set', 'frozenset', 'type', 'memoryview', 'property', 'super']
])

/**
 * Whether a call that a pickle asks for could only be meant to run something. Nothing is ever called, so that this
 * protects whoever opens the file elsewhere.
 */
export function doesHarm(name: string, args: readonly Value[]): boolean {
  const path = name.split('.')
  const last = path.at(-1) ?? ''
  if (path[0] === 'builtins' || path[0] === '__builtin__')
    return !(TYPES.has(last) || /^[A-Z]/.test(last) || (last === 'getattr' && isMember(args)))
  return MODULES.has(path[0]) || path.slice(1, -1).some(module => WITHIN.has(module)) || FUNCTIONS.has(last)
}

/** A class and the name of one of its members, as enumerations are written. */
function isMember([owner, member]: readonly Value[]): boolean {
  return (
    typeof owner === 'object' &&
    owner !== null &&
    'kind' in owner &&
    (owner.kind === 'object' || (owner.kind === 'global' && !doesHarm(owner.name, []))) &&
    typeof member === 'string' &&
    /^\w+$/.test(member)
  )
}
