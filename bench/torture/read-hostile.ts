/** Reads one hostile input, by its kind and path, and says as JSON what came of it. A process for the part `hostile`. */
import { EpdError } from '../../src/errors.js'
import { READERS } from '../../test/support/hostile-readers.js'

const [, , reading, path] = process.argv
const reader = Object.entries(READERS).find(([name]) => name === reading)
if (!reader) throw new Error(`nothing reads ${reading}`)
const before = process.resourceUsage().maxRSS
const begun = performance.now()
let ended: { readonly message?: string; readonly expected: boolean } = { expected: true }
try {
  await reader[1](path)
} catch (error) {
  ended = { message: error instanceof Error ? error.message : String(error), expected: error instanceof EpdError }
}
const seconds = (performance.now() - begun) / 1000
const megabytes = (process.resourceUsage().maxRSS - before) / 1024
process.stdout.write(JSON.stringify({ ...ended, seconds, megabytes }), () => process.exit())
