import { ALONE, UNSAFE, unicode } from '../reading/unsafe.js'

/**
 * A piece of HTML or SVG whose values are escaped. Only `html` and `trusted` make one, so that no value passes for one.
 */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  /** A text of the program's own that is HTML already. Nothing that a store, a spec or a user wrote may be in it. */
  static trusted(text: string): Html {
    return new Html(text)
  }

  toString(): string {
    return this.#text
  }
}

/** What a template may hold: texts and numbers are escaped, lists are joined, and what is left out is nothing. */
export type Content = Html | string | number | false | null | undefined | readonly Content[]

/**
 * HTML from a template literal. Its values are escaped, so that they are safe as the content of an element and within
 * an attribute in double quotes. They are not safe in the names of elements and attributes, in scripts and in styles.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.trusted(compact(parts).reduce((text, part, i) => text + asHtml(values[i - 1]) + part))
}

const compacted = new WeakMap<TemplateStringsArray, readonly string[]>()

/** The parts of a template without the indents that they have in the code. Values keep all their spaces. */
function compact(parts: TemplateStringsArray): readonly string[] {
  const known = compacted.get(parts)
  if (known) return known
  const made = parts.map(part => part.replace(/\s*\n\s*/g, '\n'))
  compacted.set(parts, made)
  return made
}

/** A text of the program's own as HTML. */
export function trusted(text: string): Html {
  return Html.trusted(text)
}

/** HTML as text. */
export function asHtml(content: Content): string {
  if (content === undefined || content === null || content === false) return ''
  if (content instanceof Html) return content.toString()
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content))
  return content.map(asHtml).join('')
}

const ENTITIES: Readonly<Partial<Record<string, string>>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/**
 * A text as HTML shows it, whoever wrote it. Characters that would hide or turn around what is beside them are written
 * as in JSON, `\u202e`; line feeds and tabs stay.
 */
function escaped(text: string): string {
  return text
    .replace(UNSAFE, found => (found === '\n' || found === '\t' ? found : unicode(found)))
    .replace(ALONE, unicode)
    .replace(/[&<>"']/g, found => ENTITIES[found] ?? found)
}
