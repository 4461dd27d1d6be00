import { html, trusted, type Content } from '../html/html.js'
import { contentPolicy, sourceOf } from '../html/policy.js'
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
        <meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}" />
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

/** What the page may do: show its own images, run its own script, and nothing else. */
export const REPORT_POLICY = contentPolicy({
  'img-src': 'data:',
  'style-src': sourceOf(STYLE),
  'script-src': sourceOf(SCRIPT)
})
