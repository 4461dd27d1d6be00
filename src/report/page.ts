import { createHash } from 'node:crypto'
import { html, trusted, type Content } from '../html/html.js'
import { SCRIPT } from './script.js'
import { STYLE } from './style.js'

/** A page that stands for itself: nothing is loaded, and no script or style runs but its own. */
export interface PageParts {
  readonly title: string
  /** Below the title. */
  readonly subtitle: Content
  readonly sections: readonly { readonly id: string; readonly title: string; readonly content: Content }[]
  readonly footer: Content
}

/** The whole page as text. */
export function page({ title, subtitle, sections, footer }: PageParts): string {
  const links = sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)
  const body = sections.map(
    ({ id, title: name, content }) =>
      html`<section id="${id}" aria-labelledby="${id}-title">
        <h2 id="${id}-title">${name}</h2>
        ${content}
      </section> `
  )
  const made = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header>
          <h1>${title}</h1>
          ${subtitle}
        </header>
        <nav aria-label="Sections">
          <ul>
            ${links}
          </ul>
        </nav>
        <main id="main">${body}</main>
        <footer>${footer}</footer>
        ${trusted(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `
  return made.toString()
}

/**
 * What the page may do: show its own images, run its own script, and nothing else. The digests are of all that stands
 * between the tags, spaces included.
 */
function policy(): string {
  const sources = ["default-src 'none'", 'img-src data:', "base-uri 'none'", "form-action 'none'"]
  return [...sources, `style-src '${digest(STYLE)}'`, `script-src '${digest(SCRIPT)}'`].join('; ')
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
