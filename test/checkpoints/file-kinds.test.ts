import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readCheckpointBytes } from '../../src/checkpoints/checkpoint.js'
import { writeZip } from '../../src/checkpoints/zip.js'
import { safetensors } from './fixtures.js'

const latin = (text: string) => Buffer.from(text.padEnd(600, '\x01'), 'latin1')
const table = Buffer.concat([Buffer.alloc(60, 7), Buffer.from('57fb808b247547db', 'hex')])

describe('a file that is no checkpoint', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 'it is empty'],
    ['a page', Buffer.from('\n<!DOCTYPE html><html>'), 'it is a web page'],
    ['a pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'it is a Git LFS pointer'],
    [
      'an error in JSON',
      Buffer.from('{"error": "Repository not found"}'),
      'it is JSON, "{\\"error\\": \\"Repository not'
    ],
    ['an error in XML', Buffer.from('\ufeff<?xml version="1.0"?><Error><Code>AccessDenied</Code>'), 'it is XML, '],
    [
      'an index',
      Buffer.from('{"metadata": {}, "weight_map": {}}'),
      'it is the index of weights in several files; give the folder'
    ],
    [
      'a configuration',
      Buffer.from('{"_class_name": "UNet2DModel"}'),
      'it is a configuration of diffusers; give the folder'
    ],
    ['gzip', gzipSync('weights'), 'it is a gzip archive; unpack it first'],
    ['7z', latin('7z\xbc\xaf\x27\x1c'), 'it is a 7z archive'],
    ['tar', Buffer.from(`${'a'.repeat(257)}ustar`.padEnd(600, '\x01')), 'it is a tar archive'],
    ['GGUF', latin('GGUF\x03'), 'it is GGUF'],
    ['HDF5', latin('\x89HDF\r\n\x1a\n'), 'it is HDF5'],
    ['NumPy', latin('\x93NUMPY\x01\x00'), 'it is a single NumPy array'],
    ['ONNX', latin('\x08\x08\x12\x07pytorch\x1a\x052.0.0'), 'it is an ONNX file; give it as model: { onnx: FILE }'],
    ["TensorFlow's index", table, 'it belongs to a checkpoint of TensorFlow'],
    [
      "TensorFlow's list",
      Buffer.from('model_checkpoint_path: "model.ckpt-1"'),
      'it belongs to a checkpoint of TensorFlow'
    ],
    ['zeros', Buffer.alloc(5000), 'it begins with zeros alone'],
    ['text', Buffer.from('import torch\nprint("hello")\n'), 'it is text, "import torch print('],
    ['a header cut off', safetensors({ a: 1 }).subarray(0, 12), 'it is safetensors, cut off within its header'],
    ['something else', latin('\x01\x02\x03\x04'), 'it begins with the bytes 01020304']
  ])('is told by what it is: %s', (_, bytes, what) => {
    expect(() => readCheckpointBytes(bytes, '/models/net.bin')).toThrow(`/models/net.bin: is not a checkpoint (${what}`)
  })

  it.each([
    ['model.ckpt-100.data-00000-of-00001', 'a checkpoint of TensorFlow'],
    ['net.onnx', 'an ONNX file'],
    ['flax_model.msgpack', 'a checkpoint of Flax']
  ])('is told by its name: %s', (name, what) => {
    expect(() => readCheckpointBytes(latin('\x01\x02'), `/models/${name}`)).toThrow(what)
  })

  it('is a zip of something else: what is in it is said', () => {
    const files = new Map(['mu.npy', 'sigma.npy', 'a', 'b'].map(name => [name, Buffer.from('1')]))
    expect(() => readCheckpointBytes(writeZip(files), 'net.npz')).toThrow(
      'net.npz: a zip without data.pkl is not a PyTorch file; it holds mu.npy, sigma.npy, a and 1 more'
    )
  })
})
