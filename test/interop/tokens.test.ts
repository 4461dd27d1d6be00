import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTokenizer } from '../../src/models/tokenizer.js'
import { caseNames, openCase } from './cases.js'

describe.each(caseNames().filter(name => name.startsWith('tokens-')))('%s', name => {
  const { about, checkpoint } = openCase(name)
  const { context = 0, prompts = [] } = about

  it.each(prompts)('cuts $prompt as transformers does', async ({ prompt, ids }) => {
    const tokenizer = await openTokenizer(join(checkpoint, 'tokenizer'), context)
    expect(tokenizer.encode(prompt).ids).toEqual(ids)
  })
})
