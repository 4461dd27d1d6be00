import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main } from '../../test/support/cli.js'

/** Code that a Node process, and each of its threads, runs before all else, as environment variables. */
export function preloaded(folder: string, name: string, code: string): NodeJS.ProcessEnv {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, code)
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` }
}

/** Moves the clock of all processes at a moment (milliseconds since 1970) by some milliseconds. */
export function movedClock(moment: number, by: number): string {
  return `const Real = Date
const now = () => Real.now() + (Real.now() < ${moment} ? 0 : ${by})
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(now())
    else super(...given)
  }
  static now() {
    return now()
  }
}
`
}

/** What is wrong with an answer of ONNX Runtime, as the body of a function of the outputs. */
export const ENGINE_FAULTS = {
  'NaN in an answer': 'for (const { data } of Object.values(outputs)) data[0] = NaN; return outputs',
  'an answer of a number too few':
    'return Object.fromEntries(Object.entries(outputs).map(([name, { type, data }]) => [name, { type, data: data.slice(1) }]))',
  'an answer without numbers':
    'return Object.fromEntries(Object.keys(outputs).map(name => [name, { type: "float32", data: new Float32Array() }]))',
  'an exception': 'throw new Error("the engine has failed")',
  'the end of its thread': 'process.exit(3)'
} as const

/** Spoils the nth answer of ONNX Runtime. */
export function failingEngine(fault: keyof typeof ENGINE_FAULTS, nth: number): string {
  return `import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
const spoil = outputs => { ${ENGINE_FAULTS[fault]} }
if (!isMainThread) {
  const { InferenceSession } = createRequire(${JSON.stringify(main)})('onnxruntime-node')
  const { run } = InferenceSession.prototype
  let runs = 0
  InferenceSession.prototype.run = async function (...given) {
    const outputs = await run.apply(this, given)
    return ++runs === ${nth} ? spoil(outputs) : outputs
  }
}
`
}

/** What a program does in place of its nth answer. */
export const PROGRAM_FAULTS = {
  'NaN in an answer': 'answer[0] = NaN; reply(answer)',
  'an answer of a number too few': 'reply(answer.subarray(1)); process.stdin.pause()',
  'an answer of a number too many': 'reply(new Float32Array(answer.length + 1))',
  silence: 'setTimeout(() => reply(answer), 60_000)',
  'its end': 'process.exit(0)',
  'an error': 'console.error("the program has failed"); process.exit(3)',
  'its death': 'process.kill(process.pid, "SIGKILL")',
  'words on its standard output': 'process.stdout.write("warning: this is no answer\\n"); reply(answer)'
} as const

/** A program that is a model of little images, and has the fault that the variable EPD_TORTURE_FAULT names. */
export function failingProgram(): string {
  const faults = Object.entries(PROGRAM_FAULTS).map(
    ([name, code]) => `  ${JSON.stringify(name)}: answer => { ${code} }`
  )
  return `const [fault, nth] = JSON.parse(process.env.EPD_TORTURE_FAULT ?? '["", 0]')
const reply = answer => process.stdout.write(new Uint8Array(answer.buffer, answer.byteOffset, answer.byteLength))
const faults = {
${faults.join(',\n')}
}
const size = 3 * 8 * 8
let bytes = Buffer.alloc(0)
let answers = 0
process.stdin.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk])
  while (bytes.length >= 8 && bytes.length >= 8 + 4 * bytes.readUInt32LE(0) * (1 + size)) {
    const count = bytes.readUInt32LE(0)
    const numbers = new Float32Array(new Uint8Array(bytes.subarray(8, 8 + 4 * count * (1 + size))).buffer)
    bytes = bytes.subarray(8 + 4 * count * (1 + size))
    const answer = numbers.slice(count).map((x, i) => Math.tanh(x / (1 + numbers[Math.floor(i / size)] ** 2)))
    if (++answers === nth) faults[fault](answer)
    else reply(answer)
  }
})
`
}
