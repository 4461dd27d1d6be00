import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { writeZip } from '../../../src/checkpoints/zip.js'
import { fixture, pickle, safetensors } from '../../checkpoints/fixtures.js'
import { idx } from '../../images/idx-file.js'
import { repairedPng, repairedSafetensors, repairedZip } from './repair.js'
import type { Target } from './target.js'

/** The bytes that a fixture of many may have, so that an input is read in a millisecond. */
const LARGEST = 20_000

function fixturesOf(folder: string, ending: RegExp): Buffer[] {
  const names = readdirSync(new URL(`../../fixtures/${folder}/`, import.meta.url)).filter(name => ending.test(name))
  return names.map(name => fixture(`${folder}/${name}`)).filter(({ length }) => length <= LARGEST)
}

/** Reads a checkpoint of any format, and looks for networks in it. */
async function checkpointReader() {
  const { readCheckpointBytes } = await import('../../../src/checkpoints/checkpoint.js')
  const { moduleTensors } = await import('../../../src/checkpoints/module-state.js')
  const { candidates, described } = await import('../../../src/checkpoints/state-dict.js')
  const { recognise } = await import('../../../src/networks/registry.js')
  return (input: Buffer) => {
    const tree = readCheckpointBytes(input, 'net.pkl')
    moduleTensors(tree, 'net.pkl')
    for (const { tensors } of candidates(tree, () => new Map())) recognise(tensors)
    described(tree)
  }
}

const PICKLE_TOKENS = [
  ...['\x80\x02', '\x80\x04', '.', '}', '(', 'u.', 's', 't', '\x85', '\x86', '\x87', 'R', 'b', '\x81', '\x93', 'l'],
  ...['d'],
  ...['N', '\x88', '\x89', 'q\x00', 'h\x00', 'r\x00\x00\x00\x00', 'j\x00\x00\x00\x00', '\x94', ')', ']', 'a', 'e'],
  ...['ccollections\nOrderedDict\n', 'ctorch._utils\n_rebuild_tensor_v2\n', 'ctorch\nFloatStorage\n', '__proto__'],
  ...['cbuiltins\ngetattr\n', 'ctorch\nSize\n', 'cnumpy.core.multiarray\n_reconstruct\n', 'cnumpy\ndtype\n', 'Q'],
  ...['X\x05\x00\x00\x00state', 'X\x0a\x00\x00\x00state_dict', 'X\x07\x00\x00\x00storage', 'c_codecs\nencode\n'],
  ...['\x8a\x08']
].map(text => Buffer.from(text, 'latin1'))

const pickles: Target = {
  name: 'pickles',
  seeds: () => [
    ...fixturesOf('checkpoints', /\.pkl$/),
    pickle('}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00b]u'),
    fixture('edm/ddpmpp-uncond.pkl').subarray(0, LARGEST)
  ],
  tokens: PICKLE_TOKENS,
  open: checkpointReader
}

const torchZips: Target = {
  name: 'zips of PyTorch',
  seeds: () => fixturesOf('checkpoints', /^(?!.*legacy).*\.(pt|ckpt)$/),
  tokens: [
    ...PICKLE_TOKENS,
    'PK\x03\x04',
    'PK\x01\x02',
    'PK\x05\x06',
    'data.pkl',
    'byteorder',
    'big',
    '.ckpt',
    'version'
  ],
  repaired: repairedZip,
  open: checkpointReader
}

const legacy: Target = {
  name: 'legacy files of PyTorch',
  seeds: () => fixturesOf('checkpoints', /legacy\.pt$/),
  tokens: PICKLE_TOKENS,
  open: checkpointReader
}

const entry = (from: number) => ({ dtype: 'F32', shape: [2], data_offsets: [from, from + 8] })
const safe: Target = {
  name: 'safetensors',
  seeds: () => [
    safetensors({ a: entry(0), b: entry(8) }, new Uint8Array(16)),
    safetensors(
      { __metadata__: { format: 'pt' }, 'a.weight': { ...entry(0), dtype: 'BF16', shape: [2, 2] } },
      new Uint8Array(8)
    )
  ],
  tokens: [
    ...['"__metadata__":{', '"__proto__":', '"dtype":"F16"', '"F64"', '"I64"', '"BOOL"', '"F8_E4M3"', '"shape":[]'],
    ...['"shape":[0]', '"data_offsets":[0,0]', '{', '}', '[', ']', ':', ',', '"', '\\"', '\\u0000', '\\']
  ],
  repaired: repairedSafetensors,
  open: checkpointReader
}

const NPY_TOKENS = [
  ...["'descr': '<f8'", "'<f4'", "'|u1'", "'>i8'", "'|b1'", "'<f2'", "'|O'", "'<U4'", "'fortran_order': True", '('],
  ...[')'],
  ...["'shape': (", ',)', '0,', '\x93NUMPY\x01\x00', '\x93NUMPY\x02\x00', '\x93NUMPY\x03\x00', '3L', "'descr': [("]
]

/** A .npy by its header and its numbers. */
function npy(header: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(header.length)
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), data])
}

const arrays: Target = {
  name: 'arrays of NumPy',
  seeds: () => [
    npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", new Uint8Array(16)),
    npy("{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }\n", new Uint8Array(24)),
    npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 3), }\n", new Uint8Array(12))
  ],
  tokens: NPY_TOKENS,
  async open() {
    const { readNpy } = await import('../../../src/checkpoints/numpy-array.js')
    const { decodeNpy } = await import('../../../src/checkpoints/npy.js')
    const { EpdError } = await import('../../../src/errors.js')
    return input => {
      try {
        decodeNpy(input)
      } catch (error) {
        if (!(error instanceof EpdError)) throw error
      }
      readNpy(input)
    }
  },
  refuses: error => error instanceof RangeError && !('code' in error)
}

const statistics: Target = {
  name: 'statistics',
  seeds: () => {
    const zipped = (sigma: Uint8Array) =>
      writeZip(
        new Map([
          ['mu.npy', npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", new Uint8Array(16))],
          ['sigma.npy', npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n", sigma)]
        ])
      )
    return [zipped(new Uint8Array(Float64Array.of(1, 0, 0, 1).buffer)), zipped(new Uint8Array(32))]
  },
  tokens: [...NPY_TOKENS, 'mu.npy', 'sigma.npy', 'PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06'],
  repaired: repairedZip,
  async open(place) {
    const { readStatistics } = await import('../../../src/metrics/reference.js')
    return input => readStatistics(place('statistics.npz', input), { known: true })
  }
}

const pngs: Target = {
  name: 'PNG',
  seeds: () => fixturesOf('images', /\.png$/),
  tokens: ['IHDR', 'IDAT', 'IEND', 'PLTE', 'tRNS', '\x00\x00\x00\x00', '\x00\x00\x00\x0d'],
  repaired: repairedPng,
  async open() {
    const { decodePng, pngSize } = await import('../../../src/images/png.js')
    return async input => {
      pngSize(input)
      await decodePng(input)
    }
  },
  refuses: isPlain
}

const jpegs: Target = {
  name: 'JPEG',
  seeds: () => fixturesOf('images', /\.jpe?g$/),
  tokens: [
    ...['ffd8ff', 'ffd9', 'ffda', 'ffc0', 'ffc2', 'ffc4', 'ffdb', 'ffdd', 'ffe0', 'ffe1', 'ffee', 'ffc9', 'ffcc'],
    ...['ffff']
  ].map(hex => Buffer.from(hex, 'hex')),
  async open() {
    const { decodeJpeg, jpegSize } = await import('../../../src/images/jpeg.js')
    return async input => {
      jpegSize(input)
      await decodeJpeg(input)
    }
  },
  refuses: isPlain
}

const idxFiles: Target = {
  name: 'IDX',
  seeds: () => {
    const images = idx([3, 2, 3], new Uint8Array(18).fill(7))
    return [images, gzipSync(images), idx([5], Uint8Array.of(1, 2, 3, 4, 5))]
  },
  tokens: ['00000803', '00000801', '00000d03', '0000001c', '7fffffff', 'ffffffff', '1f8b08', '00000000'].map(hex =>
    Buffer.from(hex, 'hex')
  ),
  async open() {
    const { beginsAsIdx, decodeIdx } = await import('../../../src/images/idx.js')
    return input => {
      if (beginsAsIdx(input)) decodeIdx(input)
    }
  },
  refuses: isPlain
}

/** Readers of images throw plain errors, which the collection that they are in explains. */
function isPlain(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : ''
  return error.constructor === Error || code.startsWith('Z_') || code.startsWith('ERR_BUFFER_TOO_LARGE')
}

const onnx: Target = {
  name: 'ONNX files',
  seeds: () =>
    ['eps.onnx', 'epsi.onnx'].map(name => fixture(`steps-onnx/${name}`)).filter(({ length }) => length < 64_000),
  tokens: [
    'location',
    'weights.bin',
    '../x',
    ...['3a', '2a', '5a', '62', '6a', '0a', '12', '1a', '0800'].map(hex => Buffer.from(hex, 'hex'))
  ],
  async open(place) {
    const { onnxInterface } = await import('../../../src/engines/onnx/interface.js')
    return input => onnxInterface(place('model.onnx', input))
  }
}

const A_TABLE = {
  name: 'a-table',
  solver: { name: 'table', layers: [1, 1], schedule: { type: 'explicit', sigmas: [80, 1] } },
  learned: {
    sigmas: [80, 1],
    start: 80,
    layers: [[{ sigma: 80, noise: 80, denoised: [] }], [{ sigma: 9, noise: 9, denoised: [0.8875] }]],
    result: { noise: 1, denoised: [0.1, 0.8875] }
  }
}

const predictors: Target = {
  name: 'predictors',
  seeds: () => {
    const published = JSON.parse(
      readFileSync(new URL('../../../models/predictors.json', import.meta.url), 'utf8')
    ) as unknown[]
    return [
      ...[published[0], published.at(-1)].map(record =>
        Buffer.from(JSON.stringify({ format: 'epd-run predictor', ...(record as object) }))
      ),
      Buffer.from(JSON.stringify({ format: 'epd-run predictor', ...A_TABLE })),
      Buffer.from('{"timesteps":[999,500,0]}'),
      ...fixturesOf('checkpoints', /^(predictor|dyweight).*\.pkl$|^generalized.*\.pt$/)
    ]
  },
  tokens: [
    ...['"solver":{', '"name":"epd"', '"amed"', '"learned":{', '"r":[[', '"weight":', '"scaleDir":', '"ranges":'],
    ...['"sigmas":[', '"points":2', '"timesteps":[', '"times":[', '"denoised":[', '"Infinity"', '"timeScales":['],
    ...['"numSteps":', '"schedule":{"type":"polynomial"}', '"layers":{', '"nfe":', '"model":{"shape":[3,32,32]}'],
    ...['"fid":', '"__proto__":{'],
    ...['__metadata__', '"predictor"', '"F64"', ...PICKLE_TOKENS]
  ],
  async open(place) {
    const { encodeJson, encodeTensors, readPredictor } = await import('../../../src/predictors/file.js')
    return async input => {
      const said = { configuration: 'coco', lists: 'sigmas', solver: 'euler' } as const
      const record = await readPredictor(place('predictor.json', input), undefined, said)
      encodeJson(record)
      encodeTensors(record)
    }
  }
}

export const FILES: readonly Target[] = [
  ...[pickles, torchZips, legacy, safe, arrays, statistics, pngs, jpegs, idxFiles, onnx, predictors]
]
