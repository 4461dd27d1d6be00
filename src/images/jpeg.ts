import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expectSize, inSlices, type Raster, type Size } from './raster.js'

interface Frame extends Size {
  readonly components: number
}

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
}

/**
 * The number of pixels of a JPEG, by its first bytes; undefined where the header that names it begins behind them.
 * @throws Error
 */
export function jpegSize(bytes: Uint8Array): Size | undefined {
  const frame = frameOf(bytes)
  return frame && { width: frame.width, height: frame.height }
}

const [START, END, SCAN] = [0xd8, 0xd9, 0xda]
/** Frames that libjpeg-turbo decodes: baseline, extended and progressive, by Huffman's or arithmetic codes. */
const DECODED = [0xc0, 0xc1, 0xc2, 0xc9, 0xca]
/** The others: lossless, differential or hierarchical. */
const UNUSUAL = [0xc3, 0xc5, 0xc6, 0xc7, 0xcb, 0xcd, 0xce, 0xcf]

/** Goes from marker to marker up to the one that describes the image. */
function frameOf(bytes: Uint8Array): Frame | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 2; at + 4 <= view.length;) {
    if (view[at] !== 0xff) throw new Error('it is damaged: a marker of its header is missing')
    const marker = view[at + 1]
    if (marker === END || marker === SCAN) throw new Error('it is damaged: it has no size')
    if (UNUSUAL.includes(marker)) throw new Error('it is a lossless or hierarchical JPEG; save it as a PNG')
    if (DECODED.includes(marker)) return at + 10 > view.length ? undefined : frameAt(view, at)
    if (marker === 0xff) at += 1
    else at += marker === START ? 2 : 2 + view.readUInt16BE(at + 2)
  }
  return undefined
}

function frameAt(view: Buffer, at: number): Frame {
  const [depth, components] = [view[at + 4], view[at + 9]]
  const frame = { height: view.readUInt16BE(at + 5), width: view.readUInt16BE(at + 7), components }
  expectSize(frame)
  if (depth !== 8) throw new Error(`it has ${depth} bits a channel, and 8 are needed; save it with 8 bits a channel`)
  if (components === 4) throw new Error('it is of four inks (CMYK), which have no certain colours; save it as RGB')
  if (components !== 1 && components !== 3) throw new Error(`it has ${components} channels, and 1 or 3 are needed`)
  return frame
}

/**
 * A JPEG of gray or colour, as libjpeg-turbo decodes it by default: the same pixels that Pillow has. It is not turned,
 * whatever its Exif data say of its orientation.
 * @throws Error that says what is wrong with the file
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Raster> {
  const frame = frameOf(bytes)
  if (!frame) throw new Error('it is cut off')
  const { width, height, components } = frame
  const { image, heard } = await alone(() => decodedBy(bytes))
  const fault = heard.find(line => !HARMLESS.test(line))
  if (fault !== undefined) throw new Error(faultOf(fault))
  if (image?.width !== width || image.height !== height) throw new Error('it is damaged')
  const channels = components === 1 ? 1 : 3
  const data = new Uint8Array(width * height * channels)
  const { data: decoded } = image
  await inSlices(data.length, (from, to) => {
    for (let i = from; i < to; i++) data[i] = decoded[Math.floor(i / channels) * 4 + (i % channels)]
  })
  return { width, height, channels, data }
}

/** The warnings of libjpeg about files whose pixels are all there. */
const HARMLESS = /extraneous bytes before marker 0xd9|unknown JFIF revision|Invalid SOS parameters/

function faultOf(line: string): string {
  return /premature end/i.test(line) ? `it is cut off (${line})` : `it is damaged (${line})`
}

/** Does the work once all that was given before it has ended, since the decoder does not say whom its words are for. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work)
  queue = result.catch(() => undefined)
  return result
}

let queue: Promise<unknown> = Promise.resolve()

async function decodedBy(bytes: Uint8Array) {
  const { decode, heard } = await (decoder ??= openDecoder())
  heard.length = 0
  const image = await decode(Uint8Array.from(bytes).buffer).catch(() => undefined)
  return { image, heard: [...heard] }
}

interface Decoder {
  readonly decode: (file: ArrayBuffer) => Promise<{ width: number; height: number; data: ArrayLike<number> }>
  /** The words of libjpeg about the file. */
  readonly heard: string[]
}

let decoder: Promise<Decoder> | undefined

async function openDecoder(): Promise<Decoder> {
  const { default: decode, init } = await import('@jsquash/jpeg/decode.js')
  const program = import.meta.resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm')
  const heard: string[] = []
  const options = {
    wasmBinary: await readFile(fileURLToPath(program)),
    printErr: (line: string) => heard.push(line)
  }
  await init(options)
  return { decode, heard }
}
