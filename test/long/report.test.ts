import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { report } from '../../src/report/report.js'
import { openStore } from '../../src/store/store.js'
import { hostileStore } from '../report/hostile-store.js'
import { foundIn, openedIn } from '../support/chromium.js'
import { temporaryFolder } from '../support/cli.js'
import { smallRun } from '../support/small-run.js'

const { whole } = smallRun()

let page: string

async function reported(dir: string, run: string): Promise<string> {
  const store = openStore(dir)
  try {
    return await report(store, [run])
  } finally {
    store.close()
  }
}

beforeAll(async () => {
  page = await reported(whole, 'small')
})

/** What is wider than its place, and what lies outside of the drawing that it belongs to. */
const LAYOUT = `(document, window) => {
  const seen = element => element.checkVisibility() && element.getBoundingClientRect().width > 0
  const texts = [...document.querySelectorAll('svg[role=img] text')].filter(seen)
  const outside = texts.filter(text => {
    const [own, around] = [text, text.closest('svg')].map(each => each.getBoundingClientRect())
    return own.left < around.left - 1 || own.right > around.right + 1 || own.top < around.top - 1 || own.bottom > around.bottom + 1
  })
  return {
    isTooWide: document.documentElement.scrollWidth > window.innerWidth,
    outside: outside.map(text => text.textContent),
    smallest: Math.min(...texts.map(text => text.getBoundingClientRect().height))
  }
}`

describe('the report in Chromium', () => {
  it.each([390, 768, 1440])('has nothing that is too wide, cut or too small to read on %i pixels', async width => {
    const { isTooWide, outside, smallest } = await foundIn<{ isTooWide: boolean; outside: string[]; smallest: number }>(
      page,
      width,
      LAYOUT
    )
    expect({ isTooWide, outside }).toEqual({ isTooWide: false, outside: [] })
    expect(smallest).toBeGreaterThan(10)
  })

  it('runs its own script, which makes a slider of two rows of images and lets commands be copied', async () => {
    const found = await foundIn<{ curtain: string; chosen: string; copies: number; shells: number }>(
      page,
      1440,
      `document => {
        const figure = document.querySelector('[data-overlay]')
        const slider = figure.querySelector('input[type=range]')
        slider.value = 25
        slider.dispatchEvent(new Event('input'))
        const select = figure.querySelector('select')
        select.value = 0
        select.dispatchEvent(new Event('change'))
        return {
          curtain: figure.querySelector('.curtain').style.width,
          chosen: figure.querySelector('.curtain img').alt,
          copies: document.querySelectorAll('button.copy').length,
          shells: document.querySelectorAll('pre.shell').length
        }
      }`
    )
    expect(found).toMatchObject({ curtain: '25%', chosen: 'reference' })
    expect(found.copies).toBe(found.shells)
  })

  it('shows as much where no script runs', async () => {
    const words = 'document => document.querySelector("main").innerText.replace(/Copy/g, "").split(/\\s+/).length'
    const without = page.replace(/<script>[^]*<\/script>/, '')
    expect(await foundIn<number>(without, 1440, words)).toBeGreaterThan((await foundIn<number>(page, 1440, words)) - 40)
  })

  it('shows all images, whose pixels are not smoothed', async () => {
    const images = await foundIn<{ width: number; rendering: string }[]>(
      page,
      1440,
      'document => [...document.images].map(image => ({ width: image.naturalWidth, rendering: getComputedStyle(image).imageRendering }))'
    )
    expect(images.length).toBeGreaterThan(3)
    expect(images.every(({ width, rendering }) => width > 0 && rendering === 'pixelated')).toBe(true)
  })

  it('obeys nothing that a hostile store holds', async () => {
    const dir = temporaryFolder()
    const file = join(dir, 'hostile.html')
    writeFileSync(file, await reported(dir, hostileStore(dir)))
    const dom = await openedIn(file)
    expect(dom).toContain('class="copy"')
    expect(dom).not.toContain('data-pwned')
    expect(dom).not.toMatch(/<(?:iframe|base|a)\s[^>]*(?:src|href)="(?!#)/)
  })
})
