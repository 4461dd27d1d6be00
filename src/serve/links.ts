/** An address on this server: any texts as the parts of its path, and what stands behind the question mark. */
export function address(parts: readonly string[], query: readonly (readonly [string, string])[] = []): string {
  const path = `/${parts.map(part => encodeURIComponent(wellFormed(part))).join('/')}`
  const given = query.filter(([, value]) => value !== '')
  const words = given.map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(value))}`)
  return words.length === 0 ? path : `${path}?${words.join('&')}`
}

/** The address of a run, or of what belongs to it. */
export function ofRun(id: string, what: readonly string[] = [], query: readonly (readonly [string, string])[] = []) {
  return address(['runs', id, ...what], query)
}

/** The address of a page about several runs. */
export function ofRuns(what: string, ids: readonly string[]): string {
  return address(
    [what],
    ids.map(id => ['run', id])
  )
}

/** A text without halves of pairs, which no address can hold. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}
