import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode } from 'fast-png'

/** What starts epd-run, as `npm run build` makes it. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Runs a command to its end: what it said, and the seconds of the whole process. @throws Error with its last line */
export function ran(command: string, args: readonly string[]) {
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr.trim().split('\n').at(-1) ?? 'failed'}`)
  return { whole: (performance.now() - begun) / 1000, stdout, stderr }
}

/** The pixels of all PNGs below a folder, by their paths. */
export function pixels(folder: string): Uint8Array[] {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  // Beside them there is a grid of all.
  const images = files.filter(file => /\d+\.png$/.test(file)).sort()
  return images.map(file => Uint8Array.from(decode(readFileSync(join(folder, file))).data))
}

/** The largest difference of two lists of images. @throws Error unless there are as many */
export function pixelsApart(theirs: readonly Uint8Array[], ours: readonly Uint8Array[]): number {
  if (theirs.length === 0 || theirs.length !== ours.length)
    throw new Error(`the peer left ${theirs.length} images and epd-run ${ours.length}`)
  return Math.max(
    ...theirs.map((image, k) => image.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[k][i])), 0))
  )
}
