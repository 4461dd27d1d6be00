import { locations, type Absent } from '../pipeline/assets.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { placeOf, type Place } from '../reading/location.js'
import { inColumns } from './columns.js'

/** What an experiment reads from elsewhere, as a table; empty where that is nothing. */
export function elsewhereTable(experiment: AnyExperiment): string {
  const rows = locations(experiment).flatMap(location => {
    const words = wordsFor(placeOf(location))
    return words === undefined ? [] : [[location.replace(/#sha256=.*/, ''), words]]
  })
  return rows.length === 0 ? '' : inColumns(['read from elsewhere', 'how'], rows)
}

function wordsFor(place: Place): string | undefined {
  if (place.kind === 'path') return undefined
  const checked = place.sha256 === undefined ? undefined : `, with the SHA-256 ${place.sha256.slice(0, 12)}...`
  if (place.kind === 'address') return `downloaded once${checked ?? ' (#sha256=HEX behind it would fix its content)'}`
  const what = place.path ?? 'repository'
  const fixed = /^[0-9a-f]{40}$/.test(place.revision)
  const when = fixed ? '' : `, at the commit that ${place.revision} has when it is downloaded (@COMMIT would fix that)`
  return `${what} on Hugging Face${when}${checked ?? ''}`
}

/** What would be downloaded, a line each. */
export function absentLines(absent: readonly Absent[]): string[] {
  return absent.map(({ location, bytes, reason }) => {
    const size = bytes === undefined ? `size not known${reason === undefined ? '' : `: ${reason}`}` : megabytes(bytes)
    return `to be downloaded first: ${location} (${size})`
  })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
