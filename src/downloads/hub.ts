import { isRecord } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { parseShallow } from '../reading/json.js'
import { buffersOf } from './buffers.js'
import { explain } from './explain.js'
import type { HubSettings } from './hub-settings.js'
import { patience } from './patience.js'
import { STALL_SECONDS } from './receive-options.js'
import { ask, messageOf, RequestError, type Answer } from './request.js'

/** A file of a repository, with what its content is named by. */
export interface Listed {
  readonly path: string
  readonly size: number
  readonly sha256?: string
  readonly blob?: string
}

/** The files of a repository at one commit. */
export interface Listing {
  readonly commit: string
  readonly files: readonly Listed[]
}

export interface Revision {
  /** owner/name */
  readonly repository: string
  readonly revision: string
}

const LARGEST_LISTING = 64 << 20

/** @throws EpdError `download-failed` */
export async function listRepository(
  { repository, revision }: Revision,
  { endpoint, token }: HubSettings,
  outer: AbortSignal
): Promise<Listing> {
  const url = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`
  const wait = patience(STALL_SECONDS, outer, () => undefined)
  try {
    const answer = await ask(url, { token, signal: wait.signal })
    if (answer.status !== 200) throw await refusal(answer, { repository, revision }, { endpoint, token })
    return listingIn(await textOf(answer))
  } catch (error) {
    outer.throwIfAborted()
    if (error instanceof EpdError) throw error
    const reason = error instanceof RequestError ? error.message : `${endpoint} broke off (${messageOf(error)})`
    throw new EpdError('download-failed', `hf:${repository}: ${endpoint} ${reason}; ${OFFLINE_WAY_OUT}`, {
      cause: error
    })
  } finally {
    wait.end()
  }
}

export const OFFLINE_WAY_OUT =
  'try again, or bring the repository here by "hf download" and HF_HOME, or as EPD_ASSETS/OWNER/NAME'

/** The address of a file. */
export function fileAddress({ endpoint }: HubSettings, repository: string, commit: string, path: string): string {
  return `${endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
}

async function refusal(
  answer: Answer,
  { repository, revision }: Revision,
  { endpoint, token }: Pick<HubSettings, 'endpoint' | 'token'>
): Promise<EpdError> {
  const code = answer.header('x-error-code')
  const said = await explain(answer)
  const page = `${endpoint}/${repository}`
  const asToken =
    token === undefined
      ? `set HF_TOKEN to a token of ${endpoint}/settings/tokens`
      : 'the token (HF_TOKEN) does not open it'
  const words = () => {
    if (code === 'GatedRepo' || answer.status === 403)
      return (
        `it is open only to accounts that have accepted its terms; accept them at ${page}, and ` +
        (token === undefined ? asToken : 'let HF_TOKEN be a token of that account with read access')
      )
    if (code === 'RevisionNotFound')
      return `it has no revision ${JSON.stringify(revision)}; ${page}/tree/main lists them`
    if (answer.status === 401 || answer.status === 404)
      return `there is no such repository, or it is private; correct its name, or if it is private: ${asToken}`
    if (answer.status === 429) return 'too many requests were made; wait some minutes, or set HF_TOKEN'
    return OFFLINE_WAY_OUT
  }
  return new EpdError('download-failed', `hf:${repository}: ${said}: ${words()}`)
}

async function textOf({ body }: Answer): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of buffersOf(body)) {
    if ((size += chunk.length) > LARGEST_LISTING) throw new Error('its list of files has no end')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export const HEX40 = /^[0-9a-f]{40}$/
export const HEX64 = /^[0-9a-f]{64}$/

/** The content of a list of files. Nothing in it is trusted to be well-formed. */
export function listingIn(text: string): Listing {
  const value = parsed(text)
  const commit = isRecord(value) ? value.sha : undefined
  const siblings = isRecord(value) ? value.siblings : undefined
  if (typeof commit !== 'string' || !HEX40.test(commit) || !Array.isArray(siblings))
    throw new Error('it does not answer as Hugging Face does')
  return { commit, files: siblings.map(listed) }
}

function listed(sibling: unknown): Listed {
  const { rfilename: path, size, blobId: blob, lfs } = isRecord(sibling) ? sibling : {}
  const sha256 = isRecord(lfs) ? (lfs.sha256 ?? lfs.oid) : undefined
  if (typeof path !== 'string' || !isPlain(path))
    throw new Error(`it lists a file ${JSON.stringify(path)}, which is no path`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size)) throw new Error(`it does not say how large ${path} is`)
  if (typeof sha256 === 'string' && HEX64.test(sha256)) return { path, size, sha256 }
  if (typeof blob === 'string' && HEX40.test(blob)) return { path, size, blob }
  throw new Error(`it gives no digest of ${path}`)
}

/** Whether a path stays within its folder. */
function isPlain(path: string): boolean {
  return path.split('/').every(name => name !== '' && name !== '.' && name !== '..' && !/[\\\0]/.test(name))
}

function parsed(text: string): unknown {
  try {
    return parseShallow(text)
  } catch {
    return undefined
  }
}
