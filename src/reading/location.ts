import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { mapping, ref, type Definitions } from './keys.js'
import type { Mapping } from './plain.js'

/** Where a spec says that a file or folder is. */
export type Place =
  | { readonly kind: 'path'; readonly path: string }
  | ({ readonly kind: 'address'; readonly url: string } & Pinned)
  | ({ readonly kind: 'repository' } & RepositoryPlace)

interface Pinned {
  /** The SHA-256 that the file must have. */
  readonly sha256?: string
}

/** A repository of Hugging Face, or a file or folder in it. */
export interface RepositoryPlace extends Pinned {
  /** owner/name */
  readonly repository: string
  /** A branch, tag or commit. */
  readonly revision: string
  /** Undefined for the whole repository. */
  readonly path?: string
}

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?'
const REPOSITORY = new RegExp(`^${NAME}/${NAME}$`)
const IN_REPOSITORY = new RegExp(
  `^hf:(${NAME}/${NAME})(?:@(refs/pr/[0-9]+|(?:[A-Za-z0-9_-]|\\.(?!\\.)|%2[Ff])+))?(?:/([^#]+))?$`
)
const PIN = /#sha256=([0-9a-fA-F]{64})$/
/** A name that ends so is a file's, not a repository's. */
const FILE = /\.(bin|ckpt|csv|json|npz|onnx|pkl|pt|pth|safetensors|tsv|txt|ya?ml|zip)$/i

const DEFAULT_REVISION = 'main'

/** What a location of a resolved spec is: a path, an https:// address, or hf:owner/name[@revision][/file]. */
export function placeOf(location: string): Place {
  const sha256 = PIN.exec(location)?.at(1)?.toLowerCase()
  const bare = location.replace(PIN, '')
  if (bare.startsWith('https://')) return { kind: 'address', url: bare, sha256 }
  const found = IN_REPOSITORY.exec(bare)
  if (!found) return { kind: 'path', path: location }
  const revision = decodeURIComponent(found.at(2) ?? DEFAULT_REVISION)
  return { kind: 'repository', repository: found[1], revision, path: found.at(3), sha256 }
}

/** A repository, or a file in it, as a spec names it. */
export function repositoryLocation({ repository, revision, path }: RepositoryPlace): string {
  return `hf:${repository}@${revision.replaceAll('/', '%2F')}${path === undefined ? '' : `/${path}`}`
}

/** A path from the spec's folder; what is no path as it is. */
export function located(location: string, spec: string): string {
  return placeOf(location).kind === 'path' ? resolve(dirname(spec), location) : location
}

/** A location as `located` has it; a path to no folder that is written as a repository's name is that repository. */
export function locatedFolder(location: string, spec: string): string {
  const path = located(location, spec)
  return isRepositoryName(location) && !existsSync(path) ? `hf:${location}` : path
}

/** Whether a text is written as Hugging Face's repositories are named: owner/name. */
function isRepositoryName(text: string): boolean {
  const tooOdd = text.includes('--') || text.includes('..') || FILE.test(text)
  return REPOSITORY.test(text) && !tooOdd
}

/** The text `URL#sha256=HEX` for a mapping `{ url, sha256 }`, which says the same; any other value as it is. */
export function pinAsText(value: Mapping): unknown {
  const { url, sha256 } = value
  const isPinned = typeof url === 'string' && typeof sha256 === 'string' && Object.keys(value).length === 2
  return isPinned && /^(https:\/\/|hf:)/.test(url) ? `${url}#sha256=${sha256}` : value
}

export const LOCATION = ref<string>('location')

/** The definition of a location as a spec writes it. */
export const LOCATION_DEFINITIONS: Definitions = {
  location: {
    title:
      "a path from the spec's folder, an https:// address or hf:owner/name (the last two also with #sha256= and 64 digits, or as { url, sha256 })",
    description:
      "Where a file is: a path from the spec's folder; an https:// address, downloaded once into the cache; or hf:owner/name[@revision][/file] on Hugging Face. #sha256=HEX at the end of an address or of a file on Hugging Face is the digest that it must have; { url, sha256 } says the same.",
    anyOf: [
      {
        type: 'string',
        pattern:
          '^(?!~[/\\\\]|~[^/\\\\]+[/\\\\]|~$)(?!.*\\u0000)(https://[^\\s/]+/[^\\s#]+(#sha256=[0-9a-fA-F]{64})?|hf:[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?(@(refs/pr/[0-9]+|([A-Za-z0-9_-]|\\.(?!\\.)|%2[Ff])+))?(/(?!(.*/)?\\.{0,2}(/|#|$))[^#]*[^#/\\s](#sha256=[0-9a-fA-F]{64})?)?|(?!hf:|[A-Za-z][A-Za-z0-9+.-]*://)[^\\s](.*\\S)?)$'
      },
      ref('pinnedLocation')
    ]
  },
  pinnedLocation: {
    description: 'A file that is downloaded, with the digest that it must have.',
    ...mapping({
      url: {
        title: 'an https:// address or hf:owner/name/file',
        description: 'An https:// address, or hf:owner/name[@revision]/file on Hugging Face.',
        type: 'string',
        pattern: '^(https://|hf:)[^#]+$',
        needed: true
      },
      sha256: {
        title: 'the 64 digits of a SHA-256',
        description: 'The SHA-256 of the file, in hexadecimal digits.',
        type: 'string',
        pattern: '^[0-9a-fA-F]{64}$',
        needed: true
      }
    })
  }
}
