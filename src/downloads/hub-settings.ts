import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The settings by which Hugging Face is reached, by the variables that its own tools read. */
export interface HubSettings {
  /** Its address, without a slash at the end. */
  readonly endpoint: string
  readonly token?: string
  /** Whether only what is on this machine may be used. */
  readonly offline: boolean
  /** The folder of what Hugging Face's own tools have downloaded. */
  readonly cache: string
}

type Environment = Readonly<Record<string, string | undefined>>

export function hubSettings(env: Environment = process.env): HubSettings {
  const given = (...names: readonly string[]) =>
    names.map(name => env[name]?.trim()).find(value => value !== undefined && value !== '')
  const folder = (...names: readonly string[]) => expanded(given(...names), env)
  const home = folder('HF_HOME') ?? join(folder('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface')
  const token = fileText(folder('HF_TOKEN_PATH') ?? join(home, 'token'))?.trim()
  return {
    endpoint: (given('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, ''),
    token: given('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN') ?? (token === '' ? undefined : token),
    offline: /^(1|on|yes|true)$/i.test(given('HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE') ?? ''),
    cache: folder('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')
  }
}

/** A path with the user's own folder and variables put in, as Hugging Face's own tools do. */
function expanded(path: string | undefined, env: Environment): string | undefined {
  return path
    ?.replace(/^~(?=\/|$)/, homedir())
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => env[braced ?? bare ?? ''] ?? whole)
}

/** The token that an address is asked with: that of Hugging Face for its own host, none for any other. */
export function tokenFor(address: string, { endpoint, token }: HubSettings): string | undefined {
  return URL.canParse(endpoint) && new URL(endpoint).origin === new URL(address).origin ? token : undefined
}

function fileText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
