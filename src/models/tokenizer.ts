import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { readTextBeside } from '../checkpoints/beside.js'
import { digestOf } from '../checkpoints/digest.js'
import { readJson } from '../checkpoints/json.js'
import { isRecord } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'

/** Turns prompts into the tokens that a CLIP text encoder reads. */
export interface PromptTokenizer {
  /** The SHA-256 of what its files say. */
  readonly digest: string
  /**
   * The numbers of a prompt's tokens between those of beginning and end, as many as the context has; how many the
   * prompt itself has; and where its end stands.
   */
  readonly encode: (prompt: string) => { ids: readonly number[]; tokens: number; end: number }
}

const [BEGIN, END] = ['<|startoftext|>', '<|endoftext|>']

/**
 * The tokeniser whose files a folder holds: tokenizer.json, or vocab.json and merges.txt as CLIP has them.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function openTokenizer(folder: string, context: number): Promise<PromptTokenizer> {
  const configFile = join(folder, 'tokenizer_config.json')
  const config = (await readJson(configFile)) ?? {}
  checkConfig(config, configFile, context)
  const description = (await readJson(join(folder, 'tokenizer.json'))) ?? (await clipDescription(folder, config))
  checkTokens(description, folder)
  checkPatterns(description, folder)
  const unreadable = (cause: unknown) =>
    new EpdError(
      'checkpoint-invalid',
      `${folder}: its tokeniser's files cannot be read (${reasonOf(cause)}); download or copy them again`,
      { cause }
    )
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw unreadable(error)
    }
  }
  const tokenizer = attempt(() => new Tokenizer(description, config))
  const idOf = (token: string) => {
    const id = tokenizer.token_to_id(token)
    if (id === undefined) throw new EpdError('checkpoint-invalid', `${folder}: its tokeniser has no ${token}`)
    return id
  }
  const padding = await paddingToken(folder, config)
  const [begin, end, pad] = [BEGIN, END, padding].map(idOf)
  return {
    digest: digestOf([description, padding]),
    encode(prompt) {
      const { ids } = attempt(() => tokenizer.encode(spaced(prompt), { add_special_tokens: false }))
      if (!ids.every(isNumber))
        throw new EpdError(
          'checkpoint-invalid',
          `${folder}: its tokeniser has no number for a part of ${JSON.stringify(prompt.slice(0, 60))}; ` +
            'it needs an unk_token, or every letter in its vocabulary'
        )
      const kept = ids.slice(0, context - 2)
      const rest = new Array<number>(context - 2 - kept.length).fill(pad)
      return { ids: [begin, ...kept, end, ...rest], tokens: ids.length, end: kept.length + 1 }
    }
  }
}

/**
 * A prompt with a space behind what is a special token but for its capitals. Spaces between words make no tokens, and
 * without one the library takes such a word for the token once it is in small letters, which transformers does not.
 */
function spaced(prompt: string): string {
  return prompt.replace(/<\|(startoftext|endoftext)\|>/gi, word => (word === BEGIN || word === END ? word : `${word} `))
}

/**
 * The library's words. Those of JavaScript about a value of another form than the library expects tell nobody anything.
 */
function reasonOf(error: unknown): string {
  const isPlain = error instanceof Error && error.constructor === Error && !error.message.includes('[object ')
  return isPlain ? error.message : 'a part of them has another form than tokenizers writes'
}

/**
 * Checks that words are given numbers, since a token without one, or with none that is whole, would be read as another.
 * @throws EpdError `checkpoint-invalid`
 */
function checkTokens(description: object, folder: string): void {
  const { model, added_tokens: added = [] }: { model?: unknown; added_tokens?: unknown } = description
  const vocabulary = isRecord(model) ? model.vocab : undefined
  const numbers = isRecord(vocabulary) ? Object.values(vocabulary) : undefined
  const own = Array.isArray(added) ? added.map(token => (isRecord(token) ? token.id : undefined)) : [undefined]
  if (numbers && [...numbers, ...own].every(isNumber)) return
  throw new EpdError(
    'checkpoint-invalid',
    `${folder}: its tokeniser's vocabulary must give each token a whole number; download or copy its files again`
  )
}

/** Patterns that CLIP's tokeniser parts words by, as versions of transformers write them. */
const WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
const SPACES = String.raw`\s+`
const PATTERNS = [SPACES, WORDS, String.raw`<\|startoftext\|>|<\|endoftext\|>|${WORDS}`]

/**
 * Checks that a tokeniser has no other patterns: a pattern is a program of a kind, and may run for ever.
 * @throws EpdError `model-invalid`
 */
function checkPatterns(description: unknown, folder: string): void {
  if (typeof description !== 'object' || description === null) return
  for (const [key, value] of Object.entries(description)) {
    // The vocabulary has words of any form, and no patterns.
    if (key === 'model') continue
    if (key === 'Regex' && !PATTERNS.some(known => known === value))
      throw new EpdError(
        'model-invalid',
        `${folder}: its tokeniser has the pattern ${JSON.stringify(value)}, and CLIP's has ${JSON.stringify(WORDS)}`
      )
    checkPatterns(value, folder)
  }
}

function isNumber(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** The keys that the tokens of a prompt do not depend on. */
const HARMLESS = new Set([
  ...['name_or_path', '_name_or_path', 'special_tokens_map_file', 'tokenizer_file', 'use_fast', 'from_slow', 'legacy'],
  ...['unk_token', 'pad_token', 'errors', 'clean_up_tokenization_spaces', 'processor_class', 'backend', 'is_local'],
  ...[
    'local_files_only',
    'model_input_names',
    'chat_template',
    'added_tokens_decoder',
    'auto_map',
    'transformers_version'
  ],
  // These say how batches are made, which the text encoder's context fixes here.
  ...['max_length', 'stride', 'truncation_strategy', 'pad_to_multiple_of', 'pad_token_type_id', 'pad_token_id']
])

/** Keys with the values that CLIP's tokens are made by. */
const ONLY: Readonly<Record<string, readonly unknown[]>> = {
  tokenizer_class: ['CLIPTokenizer', 'CLIPTokenizerFast', 'PreTrainedTokenizerFast'],
  do_lower_case: [true],
  add_prefix_space: [false],
  split_special_tokens: [false],
  padding_side: ['right'],
  truncation_side: ['right'],
  bos_token: [BEGIN],
  eos_token: [END]
}

/** Every key of tokenizer_config.json is known, or refused by its name. */
function checkConfig(config: Readonly<Record<string, unknown>>, file: string, context: number): void {
  for (const [key, value] of Object.entries(config)) {
    const content = isRecord(value) && 'content' in value ? value.content : value
    if (HARMLESS.has(key) || content === null || isEmpty(content)) continue
    if (Object.hasOwn(ONLY, key) && ONLY[key].includes(content)) continue
    if (key === 'model_max_length' && content === context) continue
    const wayOut =
      key === 'model_max_length' ? `, but the text encoder reads ${context} tokens` : ', which is not supported'
    throw new EpdError('model-invalid', `${file}: ${key} is ${JSON.stringify(content)}${wayOut}`)
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** Tokens beyond a vocabulary are described by tokenizer.json alone. */
async function checkAdded(
  folder: string,
  vocabulary: Readonly<Record<string, unknown>>,
  { added_tokens_decoder: listed }: Readonly<Record<string, unknown>>
): Promise<void> {
  const added = Object.keys((await readJson(join(folder, 'added_tokens.json'))) ?? {})
  const decoded = isRecord(listed)
    ? Object.values(listed).map(token => (isRecord(token) ? token.content : undefined))
    : []
  const strange = [...added, ...decoded].find(token => typeof token !== 'string' || !Object.hasOwn(vocabulary, token))
  if (strange !== undefined)
    throw new EpdError(
      'model-invalid',
      `${folder}: its tokeniser has the added token ${JSON.stringify(strange)}, which vocab.json does not hold; ` +
        "save it as tokenizer.json (transformers' CLIPTokenizerFast does)"
    )
}

/** The token that fills a prompt up. Stable Diffusion 1 repeats the end, and 2 has a token of its own. */
async function paddingToken(folder: string, config: Readonly<Record<string, unknown>>): Promise<string> {
  const map = (await readJson(join(folder, 'special_tokens_map.json'))) ?? {}
  const named = map.pad_token ?? config.pad_token
  if (typeof named === 'string') return named
  return isRecord(named) && typeof named.content === 'string' ? named.content : END
}

/** CLIP's tokeniser (Radford et al. 2021) as tokenizer.json would describe it. */
async function clipDescription(folder: string, config: Readonly<Record<string, unknown>>): Promise<object> {
  const vocabulary = await readJson(join(folder, 'vocab.json'))
  const merges = await readTextBeside(join(folder, 'merges.txt'))
  if (!vocabulary || merges === undefined)
    throw new EpdError(
      'checkpoint-missing',
      `${folder}: holds neither tokenizer.json nor vocab.json and merges.txt; copy those of the text encoder ` +
        '(openai/clip-vit-large-patch14 for Stable Diffusion 1) there, or into its folder tokenizer'
    )
  await checkAdded(folder, vocabulary, config)
  const words = { Regex: WORDS }
  return {
    version: '1.0',
    added_tokens: [BEGIN, END].map(content => ({
      ...{ id: vocabulary[content], content, single_word: false, lstrip: false, rstrip: false },
      ...{ normalized: false, special: true }
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: SPACES }, content: ' ' },
        { type: 'Lowercase' }
      ]
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: words, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
      ]
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    model: {
      ...{ type: 'BPE', dropout: null, unk_token: END, continuing_subword_prefix: '', end_of_word_suffix: '</w>' },
      ...{
        fuse_unk: false,
        vocab: vocabulary,
        merges: merges.split('\n').filter(line => line !== '' && !line.startsWith('#version'))
      }
    }
  }
}
