import { html, trusted, type Content, type Html } from '../html/html.js'
import { contentPolicy, sourceOf } from '../html/policy.js'
import { packageVersion } from '../pipeline/version.js'
import type { WholeAnswer } from './answer.js'
import { SERVE_SCRIPT } from './script.js'
import { SERVE_STYLE } from './style.js'

/** A name that leads somewhere. */
export interface Link {
  readonly name: string
  readonly to: string
}

/** What stands on a page. */
export interface Shown {
  /** Its heading, which is also the title of its window. */
  readonly title: string
  /** The pages above this one, from the first. */
  readonly above?: readonly Link[]
  /** Below the heading. */
  readonly subtitle?: Content
  /** The pages beside this one; the one whose address is `here` is this one. */
  readonly beside?: readonly Link[]
  readonly here?: string
  readonly content: Content
  /** Where no script runs, the page is asked for again after so many seconds. */
  readonly refresh?: number
}

/** What a page may do: run its own script and style, show images of this server, hear from it, and ask it. */
export const SERVE_POLICY = contentPolicy({
  'form-action': "'self'",
  'frame-ancestors': "'none'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'style-src': sourceOf(SERVE_STYLE),
  'script-src': sourceOf(SERVE_SCRIPT)
})

/** A page as an answer. */
export function shown(page: Shown, status = 200): WholeAnswer {
  return { status, type: 'text/html; charset=utf-8', body: laidOut(page).toString(), policy: SERVE_POLICY }
}

function laidOut({ title, above = [], subtitle, beside = [], here, content, refresh }: Shown): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <title>${title} - epd-run</title>
        ${refresh !== undefined && html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`}
        ${trusted(`<style>${SERVE_STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header>
          ${above.length > 0 && html`<p class="crumbs">${above.map(link => html`<a href="${link.to}">${link.name}</a> › `)}</p>`}
          <h1>${title}</h1>
          ${subtitle}
        </header>
        ${beside.length > 0 && navigation(beside, here)}
        <main id="main">${content}</main>
        <footer><p>epd-run ${packageVersion()}. This page only reads.</p></footer>
        ${trusted(`<script>${SERVE_SCRIPT}</script>`)}
      </body>
    </html> `
}

function navigation(beside: readonly Link[], here: string | undefined): Html {
  const link = ({ name, to }: Link) =>
    to === here ? html`<a href="${to}" aria-current="page">${name}</a>` : html`<a href="${to}">${name}</a>`
  return html`<nav aria-label="Pages">
    <ul>
      ${beside.map(one => html`<li>${link(one)}</li>`)}
    </ul>
  </nav>`
}

/** A part of a page under a heading. */
export function section(id: string, title: string, content: Content): Html {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section>`
}

/** What is wrong with what was asked for. */
export function problem(message: string): Html {
  return html`<p class="problem" role="alert">${message}</p>`
}
