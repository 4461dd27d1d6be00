import { EpdError } from '../errors.js'
import { firstNames } from '../first-names.js'
import { areSame, beginnings, isFamiliar, unwrapped, within, type Candidate, type Tensors } from './state-dict.js'
import type { Tensor } from './tensor.js'

/**
 * The network that is meant, out of all that a file may hold, without what wrappers put before its names: the one under
 * the key `weights`, or the only one that there is. Several that are the same bit for bit count as one.
 * @throws EpdError `checkpoint-invalid` that names them all where it is not certain which is meant
 */
export function chosen(found: readonly Candidate[], weights: string | undefined, path: string): Candidate {
  const all = found.map(each => ({ ...each, tensors: unwrapped(each.tensors) }))
  const [first, ...others] = weights === undefined ? likely(all) : under(found, weights, path)
  if (others.some(({ tensors }) => !areSame(first.tensors, tensors)))
    throw undecided(
      [first, ...others].map(({ path, tensors }) => [path.join('.') || 'the file itself', tensors.size] as const),
      path
    )
  checkReadable(first, path)
  if (weights === undefined && !isFamiliar(first.tensors)) checkGroups(first, path)
  return first
}

/** The candidates whose names are a known network's, where several stand there; all of them if none are. */
function likely(all: readonly Candidate[]): readonly Candidate[] {
  const familiar = all.filter(({ tensors }) => isFamiliar(tensors))
  return familiar.length > 0 ? familiar : all
}

/** The networks under a key, or the tensors whose names begin with it. */
function under(found: readonly Candidate[], weights: string, path: string): readonly Candidate[] {
  const bare = (each: Candidate): Candidate => ({ ...each, tensors: unwrapped(each.tensors) })
  const exact = found.filter(each => each.path.join('.') === weights)
  const inside = found.filter(each => each.path.join('.').startsWith(`${weights}.`))
  const last = found.filter(each => each.path.at(-1) === weights)
  const keyed = [exact, inside, last].find(({ length }) => length > 0)
  if (keyed) return keyed.map(bare)
  const named = found.flatMap(each => {
    const tensors = within(each.tensors, `${weights}.`)
    return tensors.size > 0 ? [bare({ ...each, tensors })] : []
  })
  if (named.length > 0) return named
  const keys = found.map(each => each.path.join('.')).filter(key => key !== '')
  const starts = found.flatMap(({ tensors }) => [...beginnings(tensors).keys()])
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: nothing in it is under weights: ${weights}; there ` +
      (keys.length > 0 ? `are ${firstNames(keys)}` : `are names that begin with ${firstNames(new Set(starts))}`)
  )
}

function checkReadable({ strange }: Candidate, path: string): void {
  if (strange.size === 0) return
  const names = firstNames([...strange].map(([name, what]) => `${name} (${what})`))
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: its weights are of types that are not supported: ${names}; save them as floating-point numbers`
  )
}

/** Several networks under one roof: names that begin otherwise, one of which would be known without its beginning. */
function checkGroups({ tensors }: Candidate, path: string): void {
  const groups = byBeginning(tensors)
  if (groups.size > 1 && [...groups.values()].some(group => isFamiliar(unwrapped(group))))
    throw undecided([...beginnings(tensors)], path)
}

/** The tensors by the first part of their names, which each group's names are without. */
function byBeginning(tensors: Tensors): ReadonlyMap<string, Tensors> {
  const found = new Map<string, Map<string, Tensor>>()
  for (const [name, tensor] of tensors) {
    const dot = name.indexOf('.')
    if (dot < 1) continue
    const start = name.slice(0, dot)
    const group = found.get(start) ?? new Map<string, Tensor>()
    found.set(start, group.set(name.slice(dot + 1), tensor))
  }
  return found
}

function undecided(found: readonly (readonly [name: string, size: number])[], path: string): EpdError {
  const names = firstNames(found.map(([name, size]) => `${name} (${size} tensors)`))
  const example = found.find(([name]) => /ema/i.test(name))?.[0] ?? found[0][0]
  return new EpdError(
    'checkpoint-invalid',
    `${path}: holds several networks, ${names}; say which is meant beside checkpoint, as in weights: ${example}`
  )
}
