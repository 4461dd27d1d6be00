import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { html, trusted } from '../../src/html/html.js'
import { HOSTILE_PAGES } from '../support/hostile-pages.js'

/** The same tag by another name, whose templates no formatter changes. */
const tagged = html

/** What HTML shows of a text without elements. */
function shown(text: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, found => entities[found])
}

describe('html', () => {
  it('shows any text as it is, in an element and in an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), text => {
        expect(shown(String(tagged`${text}`))).toBe(text)
        expect(String(html`<p title="${text}"></p>`)).toMatch(/^<p title="[^"<>]*"><\/p>$/)
      })
    )
  })

  it.each(HOSTILE_PAGES)(
    'leaves nothing in %j that begins a tag, ends an attribute or hides what is beside it',
    value => {
      expect(String(tagged`${value}`)).not.toMatch(
        /[<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/
      )
      expect(Buffer.from(String(tagged`${value}`)).toString()).toBe(String(tagged`${value}`))
    }
  )

  it('writes what would turn a text around as JSON does', () => {
    expect(String(html`${'a\u202eb\u0000'}`)).toBe('a\\u202eb\\u0000')
  })

  it('joins lists, leaves out what is not there, and escapes no HTML of its own twice', () => {
    const rows = ['<', 2].map(value => tagged`<li>${value}</li>`)
    expect(String(tagged`<ul>${rows}${undefined}${false}${null}</ul>${trusted('<hr>')}`)).toBe(
      '<ul><li>&lt;</li><li>2</li></ul><hr>'
    )
  })

  it('leaves the indents of the code out, and no space of a value', () => {
    const made = tagged`<p>
        ${'a\n   b'}
      </p>`
    expect(String(made)).toBe('<p>\na\n   b\n</p>')
  })

  it('takes no object for HTML that only looks like it', () => {
    const forged = { toString: () => '<script>' }
    expect(String(html`${String(forged)}`)).toBe('&lt;script&gt;')
  })
})
