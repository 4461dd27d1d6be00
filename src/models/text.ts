import { join } from 'node:path'
import { digestOf } from '../checkpoints/digest.js'
import { compiledNetwork } from '../engines/onnx/network.js'
import { openNetwork, type NetworkOptions } from '../engines/open.js'
import type { Session } from '../engines/session.js'
import { readSealed, writeSealed } from '../files/sealed.js'
import { clipTextRecipe, TEXT_INPUTS, type ClipTextConfig } from '../networks/clip.js'
import { openTokenizer, type PromptTokenizer } from './tokenizer.js'

/** An encoder that makes of prompts the context that a network looks at. */
export interface TextEncoder {
  /** The SHA-256 over graph, weights and the tokeniser. */
  readonly digest: string
  /** [prompts, tokens, width], in single precision. */
  encode(prompts: readonly string[]): Promise<Float32Array<ArrayBuffer>>
  close(): Promise<void>
}

export interface TextOptions extends Omit<NetworkOptions, 'recipe'> {
  readonly config: ClipTextConfig
  /** The folder of the tokeniser's files. */
  readonly tokenizer: string
}

/** The version of the form of encodings' files; files of another version are passed over. */
const SEALED = 2

/** The number of encodings that are kept in memory. */
const KEPT = 1024

/**
 * Opens CLIP's text encoder. Each prompt is encoded once, and its encoding kept in the cache folder.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openText(options: TextOptions): Promise<TextEncoder> {
  const { config, cacheDir, onNote = () => undefined } = options
  const recipe = clipTextRecipe(config)
  const { graph } = await compiledNetwork({ ...options, recipe })
  const tokenizer = await openTokenizer(options.tokenizer, config.tokens)
  const { engine, session, close } = await openNetwork({ ...options, recipe })
  const size = config.tokens * config.width
  const fileOf = (ids: readonly number[]) => join(cacheDir, 'prompts', `${digestOf([graph, engine, ids, SEALED])}.f32`)
  const encodingOf = storedEncodings({ config, session, fileOf, onNote })
  const known = new Map<string, Promise<Float32Array>>()
  function knownOf(prompt: string): Promise<Float32Array> {
    const found = known.get(prompt) ?? encodingOf(tokensOf(tokenizer, prompt, config.tokens - 2, onNote))
    known.set(prompt, found)
    return found
  }
  return {
    digest: digestOf([graph, tokenizer.digest]),
    async encode(prompts) {
      const contexts = await Promise.all(prompts.map(knownOf))
      for (const prompt of [...known.keys()].slice(0, Math.max(known.size - KEPT, 0))) known.delete(prompt)
      const all = new Float32Array(prompts.length * size)
      contexts.forEach((context, i) => {
        all.set(context, i * size)
      })
      return all
    },
    async close() {
      await close()
    }
  }
}

/** The tokens of a prompt. A prompt that is longer than what the encoder reads is cut, which is said. */
function tokensOf(
  tokenizer: PromptTokenizer,
  prompt: string,
  room: number,
  onNote: (message: string) => void
): readonly number[] {
  const { ids, tokens } = tokenizer.encode(prompt)
  if (tokens > room)
    onNote(
      `the prompt ${shortened(prompt)} has ${tokens} tokens, and the text encoder reads ${room}: what is ` +
        'behind them is left out'
    )
  return ids
}

interface Encoding {
  readonly config: ClipTextConfig
  readonly session: () => Promise<Session>
  /** The file of the encoding of tokens. */
  readonly fileOf: (ids: readonly number[]) => string
  readonly onNote: (message: string) => void
}

/** Encodes tokens, from their file where it is whole. A damaged file is noted once and computed anew. */
function storedEncodings({
  config,
  session,
  fileOf,
  onNote
}: Encoding): (ids: readonly number[]) => Promise<Float32Array> {
  const bytes = 4 * config.tokens * config.width
  let running: Session | undefined
  let told = false
  /** Computes encodings one by one, so that none depends on what else was asked for. */
  async function computed(ids: readonly number[]): Promise<Float32Array> {
    running ??= await session()
    const data = Float32Array.from(ids)
    const [answer] = await running.run([{ name: TEXT_INPUTS.tokens, shape: [1, config.tokens], data }])
    const context = Float32Array.from(answer)
    await writeSealed(fileOf(ids), new Uint8Array(context.buffer))
    return context
  }
  return async ids => {
    const file = fileOf(ids)
    const kept = await readSealed(file)
    if (kept.state === 'whole' && kept.content.byteLength === bytes) return new Float32Array(kept.content.buffer)
    if (kept.state !== 'missing' && !told) {
      onNote(`${file} has changed since it was written; such encodings of prompts are computed again`)
      told = true
    }
    return computed(ids)
  }
}

function shortened(prompt: string): string {
  return JSON.stringify(prompt.length > 60 ? `${prompt.slice(0, 57)}...` : prompt)
}
