import { basename } from 'node:path'

/** A kind of file that is no checkpoint here: how it is told, what it is, and what to do about it. */
interface FileKind {
  readonly is: (file: Beginning) => boolean
  readonly what: (file: Beginning) => string
}

interface Beginning {
  readonly bytes: Buffer
  /** Its first characters, in small letters and without spaces before them. */
  readonly text: string
  readonly name: string
}

const begins =
  (...starts: readonly string[]) =>
  ({ bytes }: Beginning) =>
    starts.some(start => bytes.subarray(0, start.length).toString('latin1') === start)
const says =
  (...starts: readonly string[]) =>
  ({ text }: Beginning) =>
    starts.some(start => text.startsWith(start))
const called =
  (pattern: RegExp) =>
  ({ name }: Beginning) =>
    pattern.test(name)
const named = (what: string) => () => what
/** The beginning of a file's own text, in one short line. */
const quoted = ({ bytes }: Beginning) =>
  JSON.stringify(bytes.toString('utf8', 0, 400).replace(/\s+/g, ' ').trim().slice(0, 120))

/** TensorFlow's tables end with this. */
const TABLE_END = Buffer.from('57fb808b247547db', 'hex')
/** The greatest header of a safetensors file. */
const MAX_HEADER = 100_000_000n

const KINDS: readonly FileKind[] = [
  { is: ({ bytes }) => bytes.length === 0, what: named('it is empty') },
  { is: says('<!doctype', '<html'), what: named('it is a web page') },
  { is: says('version https://git-lfs'), what: named('it is a Git LFS pointer') },
  { is: says('<?xml', '<error'), what: file => `it is XML, ${quoted(file)}` },
  {
    is: file => says('{')(file) && file.bytes.toString('latin1', 0, 1 << 16).includes('"weight_map"'),
    what: named('it is the index of weights in several files; give the folder that they are in')
  },
  {
    is: file => says('{')(file) && file.bytes.toString('latin1', 0, 1 << 16).includes('"_class_name"'),
    what: named('it is a configuration of diffusers; give the folder that it is in')
  },
  { is: says('{', '['), what: file => `it is JSON, ${quoted(file)}` },
  { is: begins('\x1f\x8b'), what: named('it is a gzip archive; unpack it first') },
  { is: begins('BZh'), what: named('it is a bzip2 archive; unpack it first') },
  { is: begins('\xfd7zXZ\0'), what: named('it is an xz archive; unpack it first') },
  { is: begins('\x28\xb5\x2f\xfd'), what: named('it is a Zstandard archive; unpack it first') },
  { is: begins('7z\xbc\xaf\x27\x1c'), what: named('it is a 7z archive; unpack it first') },
  { is: begins('Rar!'), what: named('it is a RAR archive; unpack it first') },
  {
    is: ({ bytes }) => bytes.toString('latin1', 257, 262) === 'ustar',
    what: named('it is a tar archive; unpack it first')
  },
  { is: begins('GGUF', 'GGML', 'lmgg', 'tjgg'), what: named('it is GGUF, the format of llama.cpp') },
  { is: begins('\x89HDF\r\n\x1a\n'), what: named('it is HDF5, as Keras saves weights') },
  { is: begins('\x93NUMPY'), what: named('it is a single NumPy array') },
  {
    is: file =>
      called(/\.onnx$/i)(file) ||
      (begins('\x08')(file) &&
        /^.[\x01-\x14](\x12.(pytorch|tf2onnx|onnx|keras2onnx|skl2onnx)|\x3a)/is.test(
          file.bytes.toString('latin1', 0, 32)
        )),
    what: named('it is an ONNX file; give it as model: { onnx: FILE }')
  },
  {
    is: file => called(/\.pb$/i)(file),
    what: named('it is a graph of TensorFlow, whose checkpoints are not supported')
  },
  {
    is: file =>
      file.bytes.subarray(-8).equals(TABLE_END) ||
      says('model_checkpoint_path:')(file) ||
      called(/\.data-\d{5}-of-\d{5}$|\.ckpt(-\d+)?\.(index|meta)$/)(file),
    what: named('it belongs to a checkpoint of TensorFlow, which is not supported')
  },
  { is: called(/\.msgpack$/i), what: named('it is a checkpoint of Flax (MessagePack), which is not supported') },
  { is: ({ bytes }) => bytes.toString('latin1', 4, 8) === 'TFL3', what: named('it is a TensorFlow Lite model') },
  {
    is: ({ bytes }) => bytes.length > 8 && bytes[8] === 0x7b && bytes.readBigUInt64LE(0) <= MAX_HEADER,
    what: named('it is safetensors, cut off within its header; download or copy it again')
  },
  {
    is: ({ bytes }) => bytes.subarray(0, 1 << 16).every(byte => byte === 0),
    what: named('it begins with zeros alone, as a download that was never finished; download or copy it again')
  },
  {
    is: ({ bytes }) => bytes.subarray(0, 256).every(byte => byte >= 32 || (byte >= 9 && byte <= 13)),
    what: file => `it is text, ${quoted(file)}`
  }
]

/** The kind of a file that is no checkpoint, as far as its beginning tells; undefined where it does not. */
export function foreignKind(bytes: Buffer, path: string): string | undefined {
  const text = bytes
    .subarray(0, 64)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase()
  const file = { bytes, text, name: basename(path) }
  return KINDS.find(({ is }) => is(file))?.what(file)
}
