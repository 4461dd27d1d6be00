const LONGEST = 100

/** Names in one line: the first few, each cut where it is very long, and how many more there are. */
export function firstNames(names: Iterable<string>, shown = 10): string {
  const all = [...names]
  const more = all.length > shown ? ` and ${(all.length - shown).toLocaleString('en')} more` : ''
  return `${all.slice(0, shown).map(shortName).join(', ')}${more}`
}

/** A name that fits into a message. */
export function shortName(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST)}...` : name
}
