import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { report } from '../../src/report/report.js'
import { openStore } from '../../src/store/store.js'
import { temporaryFolder } from '../support/cli.js'
import { smallRun } from '../support/small-run.js'
import { hostileStore } from './hostile-store.js'

const { whole } = smallRun()

async function reported(dir: string, runs: readonly string[]): Promise<string> {
  const store = openStore(dir)
  try {
    return await report(store, runs, { storeName: dir })
  } finally {
    store.close()
  }
}

const titles = (page: string) => [...page.matchAll(/<h2 id="[a-z-]*-title">([^<]*)<\/h2>/g)].map(([, title]) => title)

/** The tags of a page with their attributes, as a browser would find them; nothing of its own script and style. */
function tags(page: string): { name: string; attributes: string[]; text: string }[] {
  const body = page.replace(/<(script|style)>[^]*?<\/\1>/g, '<$1></$1>')
  return [...body.matchAll(/<\/?([a-zA-Z!][^\s/>]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*\/?>/g)].map(
    ([text, name, attributes]) => ({
      text,
      name,
      attributes: [...attributes.matchAll(/\s([^\s=]+)(?:=|\s|$)(?:"[^"]*")?/g)].map(([, key]) => key)
    })
  )
}

const ELEMENTS =
  '!doctype a b body caption circle code details div figcaption figure footer g h1 h2 h3 head header html img li main meta nav ol p path pre rect script section span style summary svg table tbody td text th thead title tr u ul'
const ATTRIBUTES =
  'alt aria-hidden aria-label aria-labelledby charset class content cx cy d data-overlay height href html http-equiv id lang name r role rx scope src tabindex text-anchor title transform viewBox width x y'

describe('the report of a run', () => {
  it('has every section that the run has something for, in their order', async () => {
    const page = await reported(whole, ['small'])
    expect(titles(page)).toEqual([
      'The best sampler',
      'Results',
      'Score against NFE',
      'The same seeds',
      'Distillation',
      'What was learned',
      'Trajectories',
      'Stages',
      'Timeline',
      'Provenance',
      'Spec',
      'Commands'
    ])
  })

  it('says which sampler is best at each NFE, and how to repeat and use it', async () => {
    const page = await reported(whole, ['small'])
    const store = openStore(whole)
    const { id } = store.run('small')
    const rows = store.results(id)
    store.close()
    const best = rows.find(({ samples }) => samples === 'samples')
    expect(page).toMatch(/At 3 NFE[^]*epd K=2[^]*At 2 NFE|At 2 NFE[^]*euler[^]*At 3 NFE[^]*epd K=2/)
    expect(page).toContain(`rmse ${best?.metrics.rmse?.toPrecision(4)}`)
    expect(page).toContain('epd-run run small.yaml --store')
    expect(page).toContain(`epd-run sample ${id}/student --seeds 0-63 -o images --store`)
    expect(page).toContain(`epd-run export ${id}/student --to diffusers --store`)
  })

  it('is one file that loads nothing, and says so to the browser with the digests of its own script and style', async () => {
    const page = await reported(whole, ['small'])
    const digest = (tag: string) => {
      const [, text] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page) ?? []
      return `sha256-${createHash('sha256').update(text).digest('base64')}`
    }
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    const policies = policy.replaceAll('&#39;', "'").split('; ')
    expect(policies).toEqual([
      ...["default-src 'none'", "base-uri 'none'", "form-action 'none'", 'img-src data:'],
      ...[`style-src '${digest('style')}'`, `script-src '${digest('script')}'`]
    ])
    const sources = [...page.matchAll(/(?:src|href|xlink:href)="([^"]{0,30})/g)].map(([, source]) => source)
    expect(sources.filter(source => !/^(#|data:image\/png;base64,)/.test(source))).toEqual([])
  })

  it('has a label or a text for each drawing and image, headings without a gap, and landmarks', async () => {
    const found = tags(await reported(whole, ['small']))
    const images = found.filter(({ name, text }) => (name === 'svg' || name === 'img') && !text.startsWith('</'))
    expect(
      images.filter(({ attributes }) => !attributes.some(key => /^(alt|aria-label|aria-hidden)$/.test(key)))
    ).toEqual([])
    const levels = found.flatMap(({ text }) => (/^<h(\d)/.exec(text)?.[1] ?? []) as string[]).map(Number)
    expect(levels[0]).toBe(1)
    expect(levels.every((level, i) => i === 0 || level <= levels[i - 1] + 1)).toBe(true)
    for (const landmark of ['header', 'nav', 'main', 'footer'])
      expect(found.filter(({ text }) => new RegExp(`^<${landmark}[ >]`).test(text))).toHaveLength(1)
  })

  it('names each place once, and leads to places that are there', async () => {
    const page = await reported(whole, ['small'])
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect([...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id).filter(id => !ids.includes(id))).toEqual([])
  })

  it('shows what is whole where a file of the store is damaged, and says what is not', async () => {
    const dir = temporaryFolder()
    cpSync(whole, dir, { recursive: true })
    const store = openStore(dir)
    const key = store.runStages(store.run('small').id).find(({ name }) => name === 'euler')?.key ?? ''
    for (const artifact of store.artifacts(key)) writeFileSync(store.artifactPath(artifact), 'no array')
    const notes: string[] = []
    const page = await report(store, ['small'], { onNote: note => notes.push(note) })
    store.close()
    expect(titles(page)).toContain('Results')
    expect(page).toContain('class="damage"')
    expect(notes.join()).toContain('the report has no "The same seeds"')
  })

  it('refuses a report of no run, and of one that is not there', async () => {
    await expect(reported(whole, [])).rejects.toMatchObject({ code: 'usage' })
    await expect(reported(whole, ['nothing'])).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('the report of a hostile store', () => {
  it('shows all texts as texts: no tag, attribute, link or style comes from the store', async () => {
    const dir = temporaryFolder()
    const page = await reported(dir, [hostileStore(dir)])
    const found = tags(page)
    expect(
      [...new Set(found.map(({ name }) => name.toLowerCase()))].filter(name => !ELEMENTS.split(' ').includes(name))
    ).toEqual([])
    const attributes = [...new Set(found.flatMap(one => one.attributes))]
    expect(attributes.filter(name => !ATTRIBUTES.split(' ').includes(name))).toEqual([])
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page.match(/<style/g)).toHaveLength(1)
    expect(page).not.toMatch(/(?:href|src)="(?!#|data:image\/png;base64,)/)
    expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/)
    expect(Buffer.from(page).toString()).toBe(page)
    expect(page).toContain('&lt;script&gt;document.documentElement.dataset.pwned = 1&lt;/script&gt;')
  })

  it('gives commands that a shell takes as they stand, whatever a name holds', async () => {
    const dir = temporaryFolder()
    const page = await reported(dir, [hostileStore(dir)])
    const [, command] = /<pre class="shell"[^>]*>\s*<code>(epd-run run [^<]*)<\/code>/.exec(page) ?? []
    expect(command).toMatch(/^epd-run run passwd --set &#39;/)
    // A shell that is given the words sees one text after --set, and nothing of it is run.
    const [, words] = unescaped(command).split('epd-run run ')
    const told = spawnSync('bash', ['-c', `set -f; printf '%s\\0' ${words}`], { encoding: 'buffer' })
    expect(told.stderr.toString()).toBe('')
    const [file, option, value, ...rest] = told.stdout.toString().split('\0')
    expect([file, option, rest]).toEqual(['passwd', '--set', expect.arrayContaining([''])])
    expect(value).toContain("'); DROP TABLE runs; --")
  })
})

/** Text of a page as a browser reads it. */
function unescaped(text: string): string {
  const letters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => letters[name])
}

it('a spec that names plugins is not run for a report', async () => {
  const dir = temporaryFolder()
  cpSync(whole, dir, { recursive: true })
  const plugin = join(dir, 'plugin.js')
  writeFileSync(plugin, 'throw new Error("the plugin was imported")')
  const { createStore } = await import('../../src/store/store.js')
  const store = createStore(dir)
  const run = store.run('small')
  const stages = store.runStages(run.id).map(({ name, key }) => ({ name, key }))
  store.beginRun({ ...run, id: 'plugged', name: 'plugged', spec: `plugins: [${plugin}]\n${run.spec}` }, stages)
  store.endRun('plugged', 'finished')
  store.close()
  const page = await reported(dir, ['plugged'])
  expect(page).toContain('the spec cannot be read here')
  expect(titles(page)).toContain('Results')
})
