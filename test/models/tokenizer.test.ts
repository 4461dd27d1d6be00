import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTokenizer } from '../../src/models/tokenizer.js'
import { writeTokenizer } from './latent.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-tokenizer-'))
writeTokenizer(folder)

describe("CLIP's tokeniser", async () => {
  const tokenizer = await openTokenizer(folder, 8)
  const vocabulary = JSON.parse((await import('node:fs')).readFileSync(join(folder, 'vocab.json'), 'utf8')) as Record<
    string,
    number
  >
  const words = Object.keys(vocabulary)
  const tokens = (prompt: string) => tokenizer.encode(prompt).ids.map(id => words[id])

  it('joins letters by its merges, in lower case, and marks beginning and end, which also fills up', () => {
    expect(tokens('A  cat,\n dog')).toEqual([
      ...['<|startoftext|>', 'a</w>', 'cat</w>', ',</w>', 'dog</w>', '<|endoftext|>', '<|endoftext|>', '<|endoftext|>']
    ])
    expect(tokenizer.encode('a cat').end).toBe(3)
  })

  it("parts words from 's and numbers into digits", () => {
    expect(tokens("cat's 12").slice(1, 6)).toEqual(['cat</w>', "'", 's</w>', '1</w>', '2</w>'])
  })

  it('cuts what is longer than the context, and tells how long it was', () => {
    const { ids, tokens: count, end } = tokenizer.encode('a a a a a a a a a')
    expect({ count, length: ids.length, last: words[ids[7]], end }).toEqual({
      count: 9,
      length: 8,
      last: '<|endoftext|>',
      end: 7
    })
  })

  it('pads by the token that its files name', async () => {
    const other = mkdtempSync(join(tmpdir(), 'epd-tokenizer-'))
    writeTokenizer(other)
    writeFileSync(join(other, 'special_tokens_map.json'), JSON.stringify({ pad_token: { content: '!' } }))
    const { ids } = (await openTokenizer(other, 8)).encode('a')
    expect(words[ids[7]]).toBe('!')
    expect((await openTokenizer(other, 8)).digest).not.toBe(tokenizer.digest)
  })

  it('is missing where its files are, with what to put there', async () => {
    await expect(openTokenizer(join(folder, 'nowhere'), 8)).rejects.toThrow(
      /holds neither tokenizer\.json nor vocab\.json and merges\.txt; copy/
    )
  })
})

describe('a tokenizer.json', () => {
  const MODEL = { type: 'BPE', vocab: { '<|startoftext|>': 0, '<|endoftext|>': 1, a: 2 }, merges: [] }
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null }
  const WHOLE = { version: '1.0', added_tokens: [], ...parts, model: MODEL }
  const opened = (description: object) => {
    const folder = mkdtempSync(join(tmpdir(), 'epd-tokenizer-'))
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...WHOLE, ...description }))
    return openTokenizer(folder, 4)
  }

  it.each([
    ['no model', { model: undefined }],
    ['a list of words', { model: { ...MODEL, vocab: ['a'] } }],
    ['a number that is not whole', { model: { ...MODEL, vocab: { ...MODEL.vocab, a: 1.5 } } }],
    ['added tokens without numbers', { added_tokens: [{ content: 'a' }] }]
  ])('with %s is refused', async (_, description) => {
    await expect(opened(description)).rejects.toThrow(/vocabulary must give each token a whole number/)
  })

  it('that is whole is read', async () => {
    expect((await opened({})).encode('a').ids).toEqual([0, 2, 1, 1])
  })

  it('without a number for a letter refuses the prompt', async () => {
    await expect(opened({ model: { vocab: MODEL.vocab } }).then(({ encode }) => encode('ab'))).rejects.toThrow(
      /its tokeniser has no number for a part of "ab"/
    )
  })

  it('with a pattern that is not of CLIP is refused, since it may run for ever', async () => {
    const normalizer = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' }
    await expect(opened({ normalizer: { type: 'Sequence', normalizers: [normalizer] } })).rejects.toThrow(
      /its tokeniser has the pattern "\(a\+\)\+\$", and CLIP's has/
    )
  })

  it('of another form than the library expects is refused in words', async () => {
    await expect(opened({ normalizer: { type: 'Sequence', normalizers: 1 } })).rejects.toThrow(
      /cannot be read \(a part of them has another form than tokenizers writes\)/
    )
  })
})

describe("a tokeniser's configuration", () => {
  const at = (config: object, added?: object) => {
    const folder = mkdtempSync(join(tmpdir(), 'epd-tokenizer-'))
    writeTokenizer(folder)
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config))
    if (added) writeFileSync(join(folder, 'added_tokens.json'), JSON.stringify(added))
    return openTokenizer(folder, 12)
  }
  /** As transformers 4 and 5 write it. */
  const KNOWN = {
    ...{ add_prefix_space: false, do_lower_case: true, errors: 'replace', model_max_length: 12, name_or_path: 'x' },
    ...{ bos_token: { content: '<|startoftext|>', lstrip: false }, eos_token: '<|endoftext|>', pad_token: '!' },
    ...{ tokenizer_class: 'CLIPTokenizer', backend: 'tokenizers', is_local: true, local_files_only: false },
    ...{ clean_up_tokenization_spaces: true, additional_special_tokens: [], extra_special_tokens: {} }
  }

  it('as transformers writes it is read', async () => {
    expect((await at(KNOWN)).encode('a cat').tokens).toBe(2)
  })

  it.each([
    ['tokenizer_class', 'T5Tokenizer'],
    ['do_lower_case', false],
    ['padding_side', 'left'],
    ['bos_token', '<s>'],
    ['model_max_length', 77],
    ['additional_special_tokens', ['<new>']],
    ['new_key', 1]
  ])('with a %s of %s is refused by its name', async (name, value) => {
    await expect(at({ ...KNOWN, [name]: value })).rejects.toThrow(
      `tokenizer_config.json: ${name} is ${JSON.stringify(value)}`
    )
  })

  it('with added tokens that only other files describe is refused', async () => {
    await expect(at(KNOWN, { '<cat-toy>': 999 })).rejects.toThrow(/has the added token "<cat-toy>".*tokenizer\.json/)
    await expect(at({ ...KNOWN, added_tokens_decoder: { 999: { content: '<toy>' } } })).rejects.toThrow(/"<toy>"/)
    await expect(at(KNOWN, { '<|endoftext|>': 84 })).resolves.toBeDefined()
  })
})
