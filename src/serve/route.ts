import type { Page } from './page.js'

/** A page that is at a path, and what stands in the places that its own path leaves open. */
export interface Found {
  readonly page: Page
  readonly parts: ReadonlyMap<string, string>
}

/**
 * The page at a path as it was sent. Its parts are texts and name no file: `..` is as good as any other.
 * @throws URIError where a part is not percent-encoded UTF-8
 */
export function pageAt(pages: readonly Page[], path: string): Found | undefined {
  const given = path.split('/').map(decodeURIComponent)
  for (const page of pages) {
    const own = page.path.split('/')
    if (own.length !== given.length || !own.every((part, i) => part.startsWith(':') || part === given[i])) continue
    return { page, parts: new Map(own.flatMap((part, i) => (part.startsWith(':') ? [[part.slice(1), given[i]]] : []))) }
  }
  return undefined
}
