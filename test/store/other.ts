/** A process with a store open: does what each line of stdin asks, and answers with a line. */
import { createInterface } from 'node:readline'
import { EpdError } from '../../src/errors.js'
import { temporaryName } from '../../src/files/place.js'
import { createStore, type Claim } from '../../src/store/store.js'

const store = createStore(process.argv[2])
let claim: Claim | undefined

function begin(key: string): string {
  claim = store.claim(key)
  if (claim) store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
  return claim ? 'given' : 'held'
}

function release(): string {
  claim?.release()
  return 'released'
}

function put(position = 0): string {
  const files = ['a', 'b'].map(name => ({
    name,
    data: Buffer.alloc(50_000, position),
    extension: 'bin',
    mediaType: 'application/octet-stream'
  }))
  try {
    store.putShard(claim!, { position, seeds: [position], evaluations: 1, files })
    return 'put'
  } catch (error) {
    return error instanceof EpdError ? error.code : String(error)
  }
}

function putOnAndOn(): string {
  const next = (position: number) => {
    put(position)
    setImmediate(next, position + 1)
  }
  setImmediate(next, 0)
  return 'putting'
}

function run(id: string): string {
  store.beginRun({ id, name: 'a', description: '', file: 'a.yaml', spec: '', overrides: [] }, [])
  return 'begun'
}

const commands = { run, temporary: () => temporaryName(), begin, release, put: () => put(), putOnAndOn }

createInterface({ input: process.stdin }).on('line', line => {
  const [name, key] = line.split(' ')
  console.log(commands[name as keyof typeof commands](key))
})
