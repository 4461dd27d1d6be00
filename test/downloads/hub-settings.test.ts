import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hubSettings, tokenFor } from '../../src/downloads/hub-settings.js'

const home = mkdtempSync(join(tmpdir(), 'epd-hf-'))

describe('how Hugging Face is reached', () => {
  it.each([
    [{}, join(homedir(), '.cache', 'huggingface', 'hub')],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, '/h/hub'],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/h' }, '/old'],
    [{ HF_HUB_CACHE: '/c', HUGGINGFACE_HUB_CACHE: '/old' }, '/c'],
    [{ HF_HUB_CACHE: '', HF_HOME: '/h' }, '/h/hub'],
    [{ HF_HOME: '~/hf' }, join(homedir(), 'hf', 'hub')],
    [{ HF_HUB_CACHE: '$SCRATCH/${USER}/hub', SCRATCH: '/s', USER: 'me' }, '/s/me/hub']
  ])('%j: the cache', (env, cache) => {
    expect(hubSettings(env).cache).toBe(cache)
  })

  it('the token is given, or in a file', () => {
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'token'), 'hf_file\n')
    expect(hubSettings({ HF_HOME: home }).token).toBe('hf_file')
    expect(hubSettings({ HF_HOME: '/nowhere', HF_TOKEN_PATH: join(home, 'token') }).token).toBe('hf_file')
    expect(hubSettings({ HF_HOME: home, HF_TOKEN: ' hf_given ' }).token).toBe('hf_given')
    expect(hubSettings({ HF_HOME: '/nowhere' }).token).toBe(undefined)
  })

  it('the token is for one host only', () => {
    const settings = hubSettings({ HF_HOME: '/nowhere', HF_TOKEN: 'hf_a' })
    expect(tokenFor('https://huggingface.co/a/b/resolve/main/c', settings)).toBe('hf_a')
    for (const other of [
      'https://huggingface.co.evil.org/a',
      'https://evil.org/huggingface.co',
      'http://huggingface.co/a'
    ])
      expect(tokenFor(other, settings)).toBe(undefined)
    const mirror = hubSettings({ HF_HOME: '/nowhere', HF_TOKEN: 'hf_a', HF_ENDPOINT: 'https://mirror.org/' })
    expect(mirror.endpoint).toBe('https://mirror.org')
    expect(tokenFor('https://mirror.org/a', mirror)).toBe('hf_a')
    expect(tokenFor('https://huggingface.co/a', mirror)).toBe(undefined)
  })

  it.each([
    ['1', true],
    ['true', true],
    ['YES', true],
    ['0', false],
    ['', false]
  ])('HF_HUB_OFFLINE=%s: %s', (value, offline) => {
    expect(hubSettings({ HF_HUB_OFFLINE: value }).offline).toBe(offline)
  })
})
