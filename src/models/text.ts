import { join } from 'node:path'
import { digestOf } from '../checkpoints/digest.js'
import { compiledNetwork } from '../engines/onnx/network.js'
import { openNetwork, type NetworkOptions } from '../engines/open.js'
import type { Session } from '../engines/session.js'
import { readSealed, writeSealed } from '../files/sealed.js'
import { clipTextRecipe, TEXT_INPUTS, type ClipTextConfig } from '../networks/clip.js'
import { openTokenizer } from './tokenizer.js'

/** What makes of prompts the context that a network looks at. */
export interface TextEncoder {
  /** SHA-256 over graph, weights and the tokeniser. */
  readonly digest: string
  /** [prompts, tokens, width], in single precision. */
  encode(prompts: readonly string[]): Promise<Float32Array<ArrayBuffer>>
  close(): Promise<void>
}

export interface TextOptions extends Omit<NetworkOptions, 'recipe'> {
  readonly config: ClipTextConfig
  /** Folder of the tokeniser's files. */
  readonly tokenizer: string
}

/** The version of the form of encodings' files; files of another version are passed over. */
const SEALED = 2

/** Encodings that are kept in memory. */
const KEPT = 1024

/**
 * CLIP's text encoder. What a prompt is encoded to is computed once, and kept in the cache folder.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openText(options: TextOptions): Promise<TextEncoder> {
  const { config, cacheDir, onNote = () => undefined } = options
  const recipe = clipTextRecipe(config)
  const { graph } = await compiledNetwork({ ...options, recipe })
  const tokenizer = await openTokenizer(options.tokenizer, config.tokens)
  const { engine, session, close } = await openNetwork({ ...options, recipe })
  const folder = join(cacheDir, 'prompts')
  const size = config.tokens * config.width
  const known = new Map<string, Promise<Float32Array>>()
  let running: Session | undefined
  let told = false

  function tokensOf(prompt: string): readonly number[] {
    const { ids, tokens } = tokenizer.encode(prompt)
    const room = config.tokens - 2
    if (tokens > room)
      onNote(
        `the prompt ${shortened(prompt)} has ${tokens} tokens, and the text encoder reads ${room}: what is behind them is left out`
      )
    return ids
  }
  const fileOf = (ids: readonly number[]) => {
    const name = digestOf([graph, engine, ids, SEALED])
    return join(folder, `${name}.f32`)
  }
  function damaged(file: string): void {
    if (!told) onNote(`${file} has changed since it was written; such encodings of prompts are computed again`)
    told = true
  }
  /** One by one, so that no encoding depends on what else was asked for. */
  async function computed(ids: readonly number[]): Promise<Float32Array> {
    running ??= await session()
    const data = Float32Array.from(ids)
    const [answer] = await running.run([{ name: TEXT_INPUTS.tokens, shape: [1, config.tokens], data }])
    const context = Float32Array.from(answer)
    await writeSealed(fileOf(ids), new Uint8Array(context.buffer))
    return context
  }
  async function contextOf(prompt: string): Promise<Float32Array> {
    const ids = tokensOf(prompt)
    const kept = await readSealed(fileOf(ids))
    if (kept.state === 'whole' && kept.content.byteLength === 4 * size) return new Float32Array(kept.content.buffer)
    if (kept.state !== 'missing') damaged(fileOf(ids))
    return computed(ids)
  }
  function knownOf(prompt: string): Promise<Float32Array> {
    const found = known.get(prompt) ?? contextOf(prompt)
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

function shortened(prompt: string): string {
  return JSON.stringify(prompt.length > 60 ? `${prompt.slice(0, 57)}...` : prompt)
}
