import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Missing, Runner } from './engine.js'
import type { Recipe } from './recipe.js'

/** Whether a runner works here; if not, why, and what to do about it. broken: it is there, but fails. */
export type Availability = { readonly works: true } | ({ readonly works: false; readonly broken: boolean } & Missing)

/**
 * Whether a runner works on this machine: its files and devices are looked for, then, if a driver is involved, a small
 * network is run in a process of its own, so that a driver that ends its process does not end this one.
 */
export function availability(runner: Runner): Promise<Availability> {
  const known = found.get(runner) ?? look(runner)
  found.set(runner, known)
  return known
}

/** What this process has found: a driver takes seconds to start, and does not come or go meanwhile. */
const found = new WeakMap<Runner, Promise<Availability>>()

async function look(runner: Runner): Promise<Availability> {
  const missing = runner.provider.missing()
  if (missing) return { works: false, broken: false, ...missing }
  return runner.provider.isTried ? tried(runner) : { works: true }
}

const SHAPE = [1, 1, 4, 4]

/** A convolution. */
const TRIAL: Recipe = {
  name: 'trial',
  build({ ops, input }) {
    const kernel = ops.constant(new Float32Array(9).fill(1), [1, 1, 3, 3])
    return [ops.conv2d(input('x', [-1, ...SHAPE.slice(1)]), kernel, undefined, { padding: 1 })]
  }
}

const LIMIT = 60_000

async function tried({ provider, trial }: Runner): Promise<Availability> {
  const { script, settings, graph } = await trial(TRIAL)
  const bytes = graph && Buffer.from(graph).toString('base64')
  const child = spawn(process.execPath, [fileURLToPath(new URL('./probe.js', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: LIMIT,
    env: { ...process.env, ...provider.environment }
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify({ script: script.href, settings, bytes, shape: SHAPE }))
  const said = text(child.stderr)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...end) => {
      resolve(end)
    })
  })
  if (code === 0) return { works: true }
  const last = (await said).trim().split('\n').at(-1) ?? ''
  const reason = signal === null ? last || `its process ended with code ${code}` : `its process ended with ${signal}`
  return { works: false, broken: true, reason, wayOut: 'see that its driver and libraries fit each other' }
}
