/**
 * A graph on epd-run's engine, in a process of its own: answers lines of JSON as bench/peers/common.py does.
 *
 *     tsx ours.ts GRAPH
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { decodeNpy, encodeNpy } from '../../src/checkpoints/npy.js'
import { openSession } from '../../src/engines/onnx/session.js'

interface Question {
  readonly feeds: string
  readonly answer?: string
}

const session = await openSession({ path: process.argv[2] })
for await (const line of createInterface(process.stdin)) {
  const { feeds, answer } = JSON.parse(line) as Question
  const given = readdirSync(feeds).map(file => feedOf(join(feeds, file)))
  const [begun, used] = [performance.now(), processorTime()]
  const [output] = await session.run(given)
  const [seconds, processor] = [(performance.now() - begun) / 1000, processorTime() - used]
  const data = Float32Array.from(output)
  if (answer !== undefined) writeFileSync(answer, encodeNpy({ dtype: 'float32', shape: [data.length], data }))
  const peak = Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
  console.log(JSON.stringify({ seconds, processor, peak, version: 'epd-run' }))
}
await session.close()

/** Seconds of all threads so far. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function feedOf(file: string) {
  const { shape, data } = decodeNpy(readFileSync(file))
  return { name: basename(file, '.npy'), shape, data: Float32Array.from(data) }
}
