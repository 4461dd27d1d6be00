import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeModel } from '../../src/engines/onnx/proto.js'
import { OPSET } from '../../src/engines/onnx/recorder.js'
import { epdRun, temporaryFolder } from '../support/cli.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A run of a tenth of a second. */
function quickSpec(model = join(root, 'models', 'shapes16', 'shapes16.safetensors')): string {
  const file = join(temporaryFolder(), 'quick.yaml')
  writeFileSync(
    file,
    `name: quick
model: { checkpoint: '${model}' }
solver: { name: euler, nfe: 1 }
stages:
  a: { kind: sample, seeds: 0-1 }
  b: { kind: sample, seeds: 2-3 }
`
  )
  return file
}

describe('what is no command', () => {
  it.each([
    [['purge', 'x'], '"purge" is neither a command nor a file; the commands are run, resume, '],
    [['delete', 'x', '--force'], '"delete" is neither a command nor a file; the commands are '],
    [['lss'], '"lss" is neither a command nor a file; did you mean "ls"?'],
    [['querry', 'SELECT 1'], '"querry" is neither a command nor a file; did you mean "query"?'],
    [['--json', 'valdate', 'a.yaml'], '"valdate" is neither a command nor a file; did you mean "validate"?'],
    [['a.yaml', 'b.yaml'], 'expected one spec, found 2: a.yaml, b.yaml; run them one by one']
  ])('%j is told as such', async (args, message) => {
    const { code, stderr, stdout } = await epdRun(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`epd-run: ${message}`)
  })
})

describe('a path', () => {
  it.each([
    [['ls', '--store', ''], 'expected a path, found an empty one'],
    [['ls', '--store', '  '], 'expected a path, found "  "'],
    [
      ['ls', '--store=~/x'],
      `expected a whole path, such as ${join(homedir(), 'x')}, found "~/x": ~ is what a shell puts in`
    ],
    [['ls', '--store', '~'], `expected a whole path, such as ${homedir()}`],
    [['import', '~/mine.pkl'], `expected a whole path, such as ${join(homedir(), 'mine.pkl')}`]
  ])('as in %j is refused with the way out', async (args, message) => {
    const { code, stderr } = await epdRun(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('of a spec that only a shell knows is refused', async () => {
    const { code, stderr } = await epdRun(['~/x.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain(`~/x.yaml: expected a whole path, such as ${join(homedir(), 'x.yaml')}`)
  })

  it('of a store that is a file is said to be one', async () => {
    const file = join(temporaryFolder(), 'store')
    writeFileSync(file, '')
    for (const args of [['ls'], ['run', quickSpec()], ['validate', quickSpec()]])
      expect((await epdRun([...args, '--store', file])).stderr).toBe(
        args[0] === 'validate'
          ? ''
          : `epd-run: ${file}: expected a folder, which a store is, found a file; name another with --store\n`
      )
  })
})

describe('output that is no terminal', () => {
  const store = temporaryFolder()
  const spec = quickSpec()
  const marks = (text: string) => text.split('\n').filter(line => /^[✔✖›❯]/.test(line))

  beforeAll(async () => {
    const { stdout, stderr } = await epdRun([spec, '--store', store])
    expect(stderr).toBe('')
    expect(marks(stdout).map(line => line.replace(/[\d.]+ s$/, '0 s'))).toEqual([
      `✔ model  ${join(root, 'models', 'shapes16', 'shapes16.safetensors')}`,
      '✔ a  euler at 1 NFE, seeds 0,1  0 s',
      '✔ b  euler at 1 NFE, seeds 2,3  0 s'
    ])
  })

  it('says once what is in the store', async () => {
    const { stdout } = await epdRun([spec, '--store', store])
    expect(marks(stdout).slice(1)).toEqual([
      '✔ a  euler at 1 NFE, seeds 0,1  (in the store)',
      '✔ b  euler at 1 NFE, seeds 2,3  (in the store)'
    ])
  })

  it('says once what went wrong', async () => {
    const { stdout, stderr } = await epdRun([quickSpec('/nowhere/x.pkl'), '--store', temporaryFolder()])
    expect(stdout).toBe('✖ model  /nowhere/x.pkl\n')
    expect(stderr).toBe('epd-run: /nowhere/x.pkl: there is no such file; correct its path\n')
  })

  it('is told of a full disk behind it', () => {
    const full = spawnSync('bash', ['-c', `"${process.execPath}" dist/cli/main.js ls --store "${store}" > /dev/full`], {
      ...{ cwd: root, encoding: 'utf8' }
    })
    expect(full.status).toBe(1)
    expect(full.stderr).toMatch(/^epd-run: what it prints cannot be written \(the disk is full[^\n]*\n$/)
  })
})

/** A network that loads, and fails at any input: a reshape to another number of elements. */
function failing(): Uint8Array {
  const reshape = { operator: 'Reshape', inputs: ['x', 'size'], outputs: ['y'] }
  const noise = { operator: 'Identity', inputs: ['t'], outputs: ['told'] }
  const size = {
    name: 'size',
    type: 'int64',
    shape: [4],
    data: new Uint8Array(BigInt64Array.of(7n, 1n, 11n, 2n).buffer)
  } as const
  const image = [-1, 1, 2, 2]
  const inputs = [
    { name: 'x', shape: image },
    { name: 't', shape: [-1] }
  ]
  const outputs = [
    { name: 'y', shape: image },
    { name: 'told', shape: [-1] }
  ]
  return encodeModel({ opset: OPSET, graph: { nodes: [reshape, noise], initializers: [size], inputs, outputs } })
}

it('an ONNX file that fails is told of once, without the log of ONNX Runtime, and is not to be deleted', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'mine.onnx'), failing())
  const spec = join(folder, 'spec.yaml')
  writeFileSync(
    spec,
    `name: mine
model:
  { onnx: mine.onnx, inputs: { x: x, noise: t }, output: y, predicts: epsilon, noise: { type: sigma, sigmaMin: 0.002, sigmaMax: 80 } }
solver: { name: euler, nfe: 1 }
stages: { a: { kind: sample, seeds: 0-1 } }
`
  )
  const { code, stderr } = await epdRun([spec, '--store', join(folder, 'store')])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^epd-run: ONNX Runtime: [^\n]*Reshape[^\n]*\n$/)
  expect(stderr).not.toContain('delete')
})

describe('a spec', () => {
  it('that merges twice in one mapping is told how to', async () => {
    const spec = join(temporaryFolder(), 'spec.yaml')
    writeFileSync(spec, 'name: a\nx: &x { k: 1 }\ny: &y { l: 2 }\nz:\n  <<: *x\n  <<: *y\n')
    expect((await epdRun(['validate', spec])).stderr).toContain(
      'spec.yaml:6:3: expected << once in a mapping, found it again; name all that it takes in a list, as in <<: [*first, *second]'
    )
  })
})
