import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { crc32 } from '../../src/random/crc32.js'

/** What a file is read as. */
export type Reading = 'spec' | 'checkpoint' | 'predictor' | 'images' | 'statistics' | 'onnx' | 'prompts' | 'config'

/** An input that was made to be slow, endless or too large. */
export interface Hostile {
  readonly name: string
  readonly reading: Reading
  /** Makes the input in a folder, and answers what is to be named. */
  readonly make: (folder: string) => string | Promise<string>
  /** What the refusal says; undefined for what must be read. */
  readonly says?: RegExp
  /** Whether it takes more than a second or two, so that only a long check loops over it. */
  readonly heavy?: boolean
}

/** A file of these bytes. */
function file(name: string, bytes: () => Uint8Array | string): Hostile['make'] {
  return folder => {
    const path = join(folder, name)
    writeFileSync(path, bytes())
    return path
  }
}

const HEAD = 'name: hostile\nmodel: { checkpoint: net.pkl }\nsolver: { name: euler, nfe: 2 }\n'
const STAGE = 'a: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-3 }'

function spec(text: () => string): Hostile['make'] {
  return file('spec.yaml', text)
}

function times(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('')
}

/** Each name stands for nine of the one before it. */
function laughs(depth: number): string {
  return times(depth, i => `l${i + 1}: &l${i + 1} [${times(9, () => `*l${i}, `)}]\n`)
}

const SPECS: readonly Hostile[] = [
  {
    name: 'unknown keys, 300,000 in 5 MB',
    make: spec(() => `${HEAD}stages:\n  ${STAGE}\n${times(300_000, i => `key${i}: value\n`)}`),
    says: /at most 10,000 keys, found 300,\d+/,
    heavy: true
  },
  {
    name: 'unknown keys of a stage',
    make: spec(() => `${HEAD}stages:\n  a:\n    kind: sample\n    seeds: 0-3\n${times(20_000, i => `    k${i}: 1\n`)}`),
    says: /at most 10,000 keys/
  },
  {
    name: 'wrong stages, 20,000',
    make: spec(() => `${HEAD}stages:\n${times(20_000, i => `  s${i}: { kind: sampel }\n`)}`),
    says: /at most 10,000 keys/
  },
  {
    name: 'stages that name each other in a row, 2,000',
    make: spec(
      () => `${HEAD}stages:\n${times(2_000, i => `  s${i}: { kind: distill, teacher: s${i + 1}, validation: 7 }\n`)}`
    ),
    says: /stages: expected at most 1000 entries/
  },
  {
    name: 'merges of a large mapping, 2,000',
    make: spec(
      () =>
        `${HEAD}big: &big\n${times(2_000, i => `  k${i}: 1\n`)}stages:\n${times(2_000, i => `  s${i}:\n    <<: *big\n`)}`
    ),
    says: /at most 10,000 keys/
  },
  {
    name: 'merges of one large list, 2,000 mappings',
    make: spec(
      () =>
        `${HEAD}big: &big\n${times(500, i => `  k${i}: 1\n`)}stages:\n  s:\n    <<: [${times(2_000, () => '*big, ')}]\n`
    ),
    says: /at most 10,000 keys/
  },
  {
    name: 'aliases of aliases',
    make: spec(() => `l0: &l0 [lol, lol]\n${laughs(9)}${HEAD}stages:\n  ${STAGE}\n`),
    says: /at most 1,000,000 values/
  },
  {
    name: 'aliases, 20,000 of a mapping',
    make: spec(() => `${HEAD}one: &one {a: 1}\nall: [${times(20_000, () => '*one, ')}]\nstages:\n  ${STAGE}\n`),
    says: /at most 1,000 aliases|at most 10,000 keys/
  },
  {
    name: 'aliases that name nothing, 50,000',
    make: spec(() => `${HEAD}all: [${times(50_000, i => `*n${i}, `)}]\nstages:\n  ${STAGE}\n`),
    says: /at most 1,000 aliases/
  },
  {
    name: 'anchors, 8,000, each with an alias',
    make: spec(() => `${HEAD}all:\n${times(8_000, i => `- &n${i} {a: 1}\n- *n${i}\n`)}stages:\n  ${STAGE}\n`),
    says: /at most 10,000 keys/
  },
  {
    name: 'duplicate keys, 20,000',
    make: spec(() => `${HEAD}stages:\n  ${STAGE}\n${times(20_000, () => 'key: value\n')}`),
    says: /expected each key once/
  },
  {
    name: 'lists within lists, 100,000 deep',
    make: spec(() => `${HEAD}deep: ${'['.repeat(100_000)}\n`),
    says: /nested too deeply/
  },
  {
    name: 'mappings within mappings, 2,000 deep',
    make: spec(() => `${HEAD}deep: ${'{a: '.repeat(2_000)}1${'}'.repeat(2_000)}\nstages:\n  ${STAGE}\n`),
    says: /nested too deeply/
  },
  {
    name: 'seeds, 0-9 again and again',
    make: spec(() => `${HEAD}stages:\n  a: { kind: sample, seeds: "${'0-9,'.repeat(400_000)}0" }\n`),
    says: /found 0 twice/
  },
  {
    name: 'seeds that almost match',
    make: spec(() => `${HEAD}stages:\n  a: { kind: sample, seeds: "${'0 '.repeat(50_000)}x" }\n`),
    says: /expected seeds/
  },
  {
    name: 'seeds in a list, 20,000',
    make: spec(() => `${HEAD}stages:\n  a: { kind: sample, seeds: [${times(20_000, i => `${i}, `)}] }\n`)
  },
  {
    name: 'a location that almost matches',
    make: spec(() => `${HEAD.replace('net.pkl', `"${' a'.repeat(50_000)} "`)}stages:\n  ${STAGE}\n`),
    says: /checkpoint: expected/
  },
  {
    name: 'an axis of many values',
    make: spec(() => `${HEAD}matrix:\n  n: [${times(50_000, i => `${i}, `)}]\nstages:\n  ${STAGE}\n`),
    says: /at most 1000 entries/
  },
  {
    name: 'an axis of many mappings',
    make: spec(() => `${HEAD}matrix:\n  n: [${times(5_000, i => `{a: ${i}}, `)}]\nstages:\n  ${STAGE}\n`),
    says: /at most 1000 entries/
  },
  {
    name: 'combinations that are left out, 5,000',
    make: spec(
      () =>
        `${HEAD}matrix:\n  n: [${times(1_000, i => `${i}, `)}]\n  exclude: [${times(5_000, i => `{n: ${i % 990}}, `)}]\n` +
        'stages:\n  a: { kind: sample, solver: { name: euler, nfe: matrix.n }, seeds: 0-3 }\n'
    ),
    says: /at most 1000 entries/
  },
  { name: 'a comment of 7 MB', make: spec(() => `# ${'x'.repeat(7_000_000)}\n${HEAD}stages:\n  ${STAGE}\n`) },
  {
    name: 'a file of 9 MB',
    make: spec(() => `# ${'x'.repeat(9_000_000)}\n${HEAD}stages:\n  ${STAGE}\n`),
    says: /MiB are read/
  }
].map(each => ({ ...each, reading: 'spec' }))

const ascii = (text: string) => Buffer.from(text, 'latin1')
/** The beginning of a pickle of protocol 2. */
const PROTO = ascii('\x80\x02')
const STOP = ascii('.')

/** A list of small numbers that is kept as number 0 of the memo, and dropped. */
function memoised(count: number): Buffer {
  return Buffer.concat([ascii(']q\0('), Buffer.alloc(count, 'N'), ascii('e0')])
}

function pickle(...parts: readonly Uint8Array[]): Hostile['make'] {
  return file('net.pkl', () => Buffer.concat([PROTO, ...parts, STOP]))
}

function repeated(count: number, opcodes: string): Buffer {
  return Buffer.alloc(count * opcodes.length, opcodes, 'latin1')
}

/** A text of many letters that is kept as number 0 of the memo, and dropped. */
function memoisedText(length: number, letters: string, opcode = 'X'): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(length)
  return Buffer.concat([ascii(opcode), size, Buffer.alloc(length, letters), ascii('q\x000')])
}

const PICKLES: readonly Hostile[] = [
  {
    name: 'dict() of one list, 20,000 times',
    make: pickle(memoised(10_000), ascii('cbuiltins\ndict\nq\x010('), repeated(20_000, 'h\x01h\0\x85R'), ascii('t')),
    says: /repeats its parts/
  },
  {
    name: 'a class with one long tuple, 20,000 times',
    make: pickle(memoised(10_000), ascii('ccopyreg\n__newobj__\nq\x010('), repeated(20_000, 'h\x01h\0R'), ascii('t')),
    says: /repeats its parts/
  },
  {
    name: 'arguments by keyword after one long tuple, 20,000 times',
    make: pickle(memoised(10_000), ascii('ca\nb\nq\x010('), repeated(20_000, 'h\x01h\0}\x92'), ascii('t')),
    says: /repeats its parts/
  },
  {
    name: 'bytes of one long text, 20,000 times',
    make: pickle(
      memoisedText(160_000, 'a'),
      ascii('c_codecs\nencode\nq\x010('),
      repeated(20_000, 'h\x01h\0\x85R'),
      ascii('t')
    ),
    says: /repeats its parts/
  },
  {
    name: 'a class of a long name, 20,000 times',
    make: pickle(ascii(`c${'a.'.repeat(80_000)}a\nb\nq\x010(`), repeated(20_000, 'h\x01)R'), ascii('t')),
    says: /name of \d+ letters/
  },
  {
    name: 'storages within one long text of bytes, 20,000 times',
    make: pickle(
      memoisedText(160_000, 'N0', 'B'),
      ascii('ctorch.storage\n_load_from_bytes\nq\x010('),
      repeated(20_000, 'h\x01h\0\x85R'),
      ascii('t')
    ),
    says: /repeats its parts|middle|stack/
  },
  {
    name: 'states of one long list, 20,000 times',
    make: pickle(
      memoised(10_000),
      ascii('cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n\x85Rq\x01'),
      repeated(20_000, 'h\0b'),
      ascii('t')
    ),
    says: /repeats its parts|mark/
  },
  {
    name: 'opcodes without end',
    make: file('net.pkl', () => Buffer.concat([PROTO, Buffer.alloc(60_000_000, 'N0')])),
    says: /more opcodes than a checkpoint has/,
    heavy: true
  },
  { name: 'marks, a million', make: pickle(Buffer.alloc(1_100_000, '(')), says: /nested too deeply|mark|stack/ },
  {
    name: 'lists within lists, a million deep',
    make: pickle(Buffer.alloc(900_000, ']'), Buffer.alloc(899_999, 'a')),
    says: /nested too deeply/,
    heavy: true
  },
  {
    name: 'a number of a million digits',
    make: file('net.pkl', () => `(dp0\nI${'9'.repeat(1_000_000)}\nI1\ns.`),
    says: /digits|no network/
  },
  {
    name: 'a size of a million axes',
    make: pickle(memoised(1_000_000), ascii('ctorch._utils\n_rebuild_tensor_v2\n(Nh\0h\0NNNtR')),
    says: /checkpoint|network/
  },
  {
    name: 'networks, 30,000 alike',
    make: pickle(ascii('}('), Buffer.concat(Array.from({ length: 30_000 }, (_, i) => dictOf(i))), ascii('u')),
    says: /no network|several networks|checkpoint/
  }
].map(each => ({ ...each, reading: 'checkpoint' }))

/** A key, and under it a dictionary of one scalar that NumPy would write. */
function dictOf(i: number): Buffer {
  const key = `k${i}`
  return ascii(`X${String.fromCharCode(key.length)}\0\0\0${key}}X\x03\0\0\0a.bK\x01s`)
}

/** The header of a safetensors file, and bytes behind it. */
function safetensors(header: string, data = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return Buffer.concat([length, Buffer.from(header), data])
}

const EMPTY = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'

const TENSORS: readonly Hostile[] = [
  {
    name: 'names of tensors, a million',
    make: file('net.safetensors', () =>
      safetensors(`{${times(1_000_000, i => `${i > 0 ? ',' : ''}"t${i}":${EMPTY}`)}}`)
    ),
    says: /its header has \d+ bytes/
  },
  {
    name: 'names of tensors, 100,000 with their dots',
    make: file('net.safetensors', () =>
      safetensors(`{${times(100_000, i => `${i > 0 ? ',' : ''}"g${i}.t":${EMPTY}`)}}`)
    ),
    says: /config\.json/,
    heavy: true
  },
  {
    name: 'a name of 100,000 parts',
    make: file('net.safetensors', () => safetensors(`{"${'a.'.repeat(100_000)}w":${EMPTY}}`)),
    says: /config\.json|name of/
  },
  {
    name: 'a header of braces',
    make: file('net.safetensors', () => safetensors('{"a":'.repeat(200_000))),
    says: /header/
  },
  {
    name: 'a shape of a million axes',
    make: file('net.safetensors', () =>
      safetensors(`{"a.b":{"dtype":"F32","shape":[${'1,'.repeat(1_000_000)}0],"data_offsets":[0,0]}}`)
    ),
    says: /shape|axes|config\.json/
  },
  {
    name: 'a header that ends in the middle of a text of backslashes',
    make: file('net.safetensors', () => safetensors(`{"${'\\'.repeat(2_000_000)}`)),
    says: /header/
  }
].map(each => ({ ...each, reading: 'checkpoint' }))

interface ZipEntry {
  readonly name: string
  readonly data: Uint8Array
  /** Whether the data is deflated already, and what it says that it unpacks to. */
  readonly size?: number
}

/** A zip archive that says whatever it is told to. */
export function zipOf(entries: Iterable<ZipEntry>, count?: number): Buffer {
  const [bodies, index]: [Buffer[], Buffer[]] = [[], []]
  let offset = 0
  let found = 0
  for (const { name, data, size } of entries) {
    const text = Buffer.from(name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20)
    fields.writeUInt16LE(size === undefined ? 0 : 8, 4)
    fields.writeUInt32LE(crc32(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(size ?? data.length, 18)
    fields.writeUInt16LE(text.length, 22)
    const place = Buffer.alloc(4)
    place.writeUInt32LE(offset)
    bodies.push(ascii('PK\x03\x04'), fields, text, Buffer.from(data))
    index.push(ascii('PK\x01\x02\x14\0'), fields.subarray(0, 24), Buffer.alloc(12), place, text)
    offset += 30 + text.length + data.length
    found += 1
  }
  const directory = Buffer.concat(index)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(Math.min(count ?? found, 0xffff), 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...bodies, directory, ascii('PK\x05\x06'), end])
}

function npy(header: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  return Buffer.concat([ascii('\x93NUMPY\x02\0'), length, ascii(header), data])
}

function statistics(mu: () => Uint8Array): Hostile['make'] {
  return file('ref.npz', () =>
    zipOf([
      { name: 'mu.npy', data: mu() },
      { name: 'sigma.npy', data: mu() }
    ])
  )
}

const described = (shape: string, order = 'False') =>
  `{'descr': '<f8', 'fortran_order': ${order}, 'shape': (${shape}), }\n`

const ARCHIVES: readonly Hostile[] = [
  {
    name: 'an archive of 20,000 entries of one name',
    reading: 'checkpoint',
    make: file('net.pt', () => zipOf(Array.from({ length: 20_000 }, () => ({ name: 'a', data: Buffer.alloc(0) })))),
    says: /data\.pkl/
  },
  {
    name: 'an archive of 20,000 entries',
    reading: 'checkpoint',
    make: file('net.pt', () =>
      zipOf(Array.from({ length: 20_000 }, (_, i) => ({ name: `a/${i}`, data: Buffer.alloc(0) })))
    ),
    says: /data\.pkl/
  },
  {
    name: 'an archive whose entries unpack to gigabytes',
    reading: 'checkpoint',
    make: file('net.pt', () => zipOf([{ name: 'a/data.pkl', data: Buffer.alloc(1000), size: 2 ** 32 - 2 }])),
    says: /unpacks to far too much/
  },
  {
    name: 'an array of a million axes',
    reading: 'statistics',
    make: statistics(() => npy(described('1, '.repeat(1_000_000)))),
    says: /axes|cannot be read/
  },
  {
    name: 'an array of a million axes, the first the fastest',
    reading: 'statistics',
    make: statistics(() => npy(described('1, '.repeat(1_000_000), 'True'), Buffer.alloc(8))),
    says: /axes|cannot be read/
  },
  {
    name: 'an array of no numbers in 2^53 rows',
    reading: 'statistics',
    make: statistics(() => npy(described('9007199254740991, 0', 'True'))),
    says: /mu is/
  },
  {
    name: 'a header of quotes',
    reading: 'statistics',
    make: statistics(() => npy(`'descr'${' '.repeat(500_000)}'shape'${' '.repeat(500_000)}`)),
    says: /header/
  }
]

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([ascii(type), data])
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  crc.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, crc])
}

function png(width: number, height: number, ...chunks: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  return Buffer.concat([ascii('\x89PNG\r\n\x1a\n'), chunk('IHDR', header), ...chunks, chunk('IEND', Buffer.alloc(0))])
}

/** A folder of one image of these bytes. */
function image(name: string, bytes: () => Uint8Array): Hostile['make'] {
  return folder => {
    mkdirSync(join(folder, 'images'))
    writeFileSync(join(folder, 'images', name), bytes())
    return join(folder, 'images')
  }
}

const IMAGES: readonly Hostile[] = [
  {
    name: 'a PNG of 2^31 by 2^31 pixels',
    make: image('a.png', () => png(2 ** 31 - 1, 2 ** 31 - 1)),
    says: /it says that it has/
  },
  {
    name: 'a PNG of 8,000 by 8,000 pixels without any',
    make: image('a.png', () => png(8_000, 8_000, chunk('IDAT', deflateSync(Buffer.alloc(10))))),
    says: /pixels are missing/
  },
  {
    name: 'a PNG that unpacks to far more than its pixels',
    make: image('a.png', () => png(4, 4, chunk('IDAT', deflateSync(Buffer.alloc(100_000_000))))),
    says: /larger|damaged|far more/
  },
  {
    name: 'a PNG of 500,000 empty chunks',
    make: image('a.png', () => png(4, 4, repeatedChunk('IDAT', 500_000))),
    says: /unexpected end|damaged|missing/
  },
  {
    name: 'a PNG of 1,000,000 chunks of another kind',
    make: image('a.png', () => png(4, 4, repeatedChunk('teXt', 1_000_000))),
    says: /unexpected end|damaged|missing/
  },
  {
    name: 'a JPEG of markers alone',
    make: image('a.jpg', () => Buffer.alloc(5_000_000, 0xff).fill(0xd8, 1, 2)),
    says: /cut off|damaged/
  },
  {
    name: 'a JPEG of empty segments',
    make: image('a.jpg', () => Buffer.concat([ascii('\xff\xd8'), Buffer.alloc(4_000_000, '\xff\xe0\0\x02', 'latin1')])),
    says: /cut off|damaged/
  },
  {
    name: 'a JPEG of 65,535 by 65,535 pixels',
    make: image('a.jpg', () => ascii('\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0')),
    says: /it says that it has/
  },
  {
    name: 'a JPEG of 8,000 by 8,000 pixels without any',
    make: image('a.jpg', () => ascii('\xff\xd8\xff\xc0\0\x0b\x08\x1f\x40\x1f\x40\x01\x01\x11\0\xff\xd9')),
    says: /damaged|cut off/
  }
].map(each => ({ ...each, reading: 'images' }))

function repeatedChunk(type: string, count: number): Buffer {
  const one = chunk(type, Buffer.alloc(0))
  return Buffer.alloc(one.length * count, one)
}

/** A field of protobuf that holds bytes. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = []
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest)
      break
    }
    length.push((rest % 128) | 128)
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content])
}

const GRAPHS: readonly Hostile[] = [
  {
    name: 'an ONNX file of graphs within graphs',
    reading: 'onnx',
    make: file('net.onnx', () => {
      let inner: Uint8Array = Buffer.alloc(0)
      for (let i = 0; i < 2_000; i++) inner = field(7, field(1, inner))
      return inner
    }),
    says: /ONNX file/
  },
  {
    name: 'an ONNX file of a million nodes',
    reading: 'onnx',
    make: file('net.onnx', () => field(7, Buffer.alloc(2_000_000, '\x0a\0', 'latin1'))),
    says: /ONNX file/
  },
  {
    name: 'an ONNX file of 500,000 inputs of one name',
    reading: 'onnx',
    make: file('net.onnx', () => field(7, Buffer.alloc(5 * 500_000, '\x5a\x03\x0a\x01x', 'latin1'))),
    says: /ONNX file/
  },
  {
    name: 'an ONNX file whose length is a number without end',
    reading: 'onnx',
    make: file('net.onnx', () => Buffer.concat([ascii('\x3a'), Buffer.alloc(1_000_000, 0xff)])),
    says: /ONNX file/
  }
]

const TEXTS: readonly Hostile[] = [
  {
    name: 'a predictor of 200,000 rows',
    reading: 'predictor',
    make: file(
      'p.json',
      () =>
        `{"format":"epd-run predictor","name":"p","solver":{"name":"epd","numSteps":3,"points":1},"learned":{"r":[${'[0.5],'.repeat(200_000)}[0.5]],"weight":[],"scaleDir":[],"scaleTime":[],"ranges":{"scaleDir":0,"scaleTime":0}}}`
    ),
    says: /weight must have the size of r/
  },
  {
    name: 'a predictor nested 100,000 deep',
    reading: 'predictor',
    make: file('p.json', () => `{"solver":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},"learned":{},"name":"p"}`),
    says: /deep|predictor/
  },
  {
    name: 'a predictor of 20,000 unknown keys',
    reading: 'predictor',
    make: file(
      'p.json',
      () => `{"name":"p","learned":{},"solver":{"name":"epd","numSteps":3${times(20_000, i => `,"k${i}":1`)}}}`
    ),
    says: /k0: expected one of the keys|more than|expected/
  },
  {
    name: 'prompts in a quote that never ends',
    reading: 'prompts',
    make: file('prompts.csv', () => `text\n"${'a,\n'.repeat(1_000_000)}`),
    says: /CSV/
  },
  {
    name: 'prompts, 200,000 columns',
    reading: 'prompts',
    make: file('prompts.csv', () => `${'a,'.repeat(200_000)}b\n`),
    says: /no column/
  },
  {
    name: 'a config of lists within lists, 1,000,000 deep',
    reading: 'config',
    make: file('config.json', () => '['.repeat(1_000_000)),
    says: /JSON/
  },
  {
    name: 'a config of 30,000 NaN',
    reading: 'config',
    make: file('config.json', () => `{"a":[${'NaN,'.repeat(30_000)}NaN]}`)
  },
  {
    name: 'a config of quotes',
    reading: 'config',
    make: file('config.json', () => '"\\'.repeat(1_000_000)),
    says: /JSON/
  },
  {
    name: 'a config of minus signs',
    reading: 'config',
    make: file('config.json', () => '-'.repeat(2_000_000)),
    says: /JSON/
  },
  {
    name: 'a config of aliases of aliases',
    reading: 'config',
    make: file('config.yaml', () => `l0: &l0 [lol, lol]\n${laughs(9)}`),
    says: /alias|YAML/i
  },
  {
    name: 'a config of 2,000 merges of a large mapping',
    reading: 'config',
    make: file(
      'config.yaml',
      () => `big: &big\n${times(2_000, i => `  k${i}: 1\n`)}${times(2_000, i => `s${i}:\n  <<: *big\n`)}`
    ),
    says: /alias|YAML|more than/i
  }
]

/** Readings of which each has what is no file in the place of one. */
const READINGS: readonly Reading[] = [
  'spec',
  'checkpoint',
  'predictor',
  'images',
  'statistics',
  'onnx',
  'prompts',
  'config'
]

/** Names that a reading knows its file by. */
function nameFor(reading: Reading): string {
  return reading === 'config' ? 'config.json' : 'input'
}

const SPECIAL: readonly Omit<Hostile, 'reading'>[] = [
  { name: 'a named pipe', make: placed(path => spawnSync('mkfifo', [path])), says: /is a named pipe/ },
  { name: 'a socket', make: placed(socketAt), says: /is a socket/ },
  {
    name: 'a device without end',
    make: placed(path => {
      symlinkSync('/dev/zero', path)
    }),
    says: /is a device/
  },
  {
    name: 'a file of /proc',
    make: placed(path => {
      symlinkSync('/proc/self/status', path)
    }),
    says: /does not say how many bytes/
  },
  {
    name: 'a link to itself',
    make: placed(path => {
      symlinkSync(path, path)
    }),
    says: /links in a circle|no such|there is no/
  }
]

function placed(put: (path: string) => unknown): (folder: string, name?: string) => Promise<string> {
  return async (folder, name = 'input') => {
    const path = join(folder, name)
    await put(path)
    return path
  }
}

async function socketAt(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(path, resolve))
  server.unref()
}

const PLACES: readonly Hostile[] =
  process.platform === 'linux'
    ? READINGS.flatMap(reading =>
        SPECIAL.map(({ name, make, says }) => ({
          name: `${name} in place of ${reading}`,
          reading,
          make: (folder: string) => (make as ReturnType<typeof placed>)(folder, nameFor(reading)),
          says
        }))
      )
    : []

/** Every hostile input that is known. */
export const HOSTILE: readonly Hostile[] = [
  ...SPECS,
  ...PICKLES,
  ...TENSORS,
  ...ARCHIVES,
  ...IMAGES,
  ...GRAPHS,
  ...TEXTS,
  ...PLACES
]
