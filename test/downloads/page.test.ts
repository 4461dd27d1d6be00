import { describe, expect, it } from 'vitest'
import { pageIn } from '../../src/downloads/page.js'

const of = (text: string, name = 'net.pkl', contentType?: string) => pageIn(Buffer.from(text), { name, contentType })

describe('what came in place of a file', () => {
  it.each([
    ['', 'nothing'],
    ['<!DOCTYPE html><title> quota exceeded </title>', 'a web page ("quota exceeded")'],
    ['\n <HTML><body><h1>Sign in</h1> first</body></HTML>', 'a web page ("Sign in first")'],
    ['\uFEFF<!-- x --><html><style>a{}</style>No</html>', 'a web page ("No")'],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'XML ("AccessDenied")'],
    ['<Error><Code>NoSuchKey</Code></Error>', 'XML ("NoSuchKey")'],
    ['{"error": "not found"}', 'JSON ("{\\"error\\": \\"not found\\"}")'],
    ['[1]', 'JSON'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n', 'a pointer of Git LFS']
  ])('%j', (text, expected) => {
    expect(of(text)).toContain(expected)
  })

  it('is a text where the file cannot be one', () => {
    expect(of('Not found', 'net.safetensors')).toBe('a text ("Not found")')
    expect(of('Too many requests', 'net.pkl', 'text/plain; charset=utf-8')).toBe('a text ("Too many requests")')
    expect(of('x'.repeat(5000), 'a.npz')).toHaveLength('a text ("")'.length + 100)
  })

  it.each([
    ['text\nA red bus\n', 'captions.csv'],
    ['{"a": 1}', 'config.json'],
    ['<svg/>', 'a.svg'],
    ['{"a": 1} tail', 'net.pkl']
  ])('is not %j named %s', (text, name) => {
    expect(of(text, name)).toBe(undefined)
  })

  it.each(['<script>', '<style', '<title> ', '<title', '<', '<a ', '\n'])(
    'is told at once of a page as large as one may be, full of %j',
    piece => {
      const page = '<!DOCTYPE html>'.concat(piece.repeat(Math.floor(((1 << 20) - 40) / piece.length)))
      expect(of(page)).toContain('a web page')
      expect(of(`${page}</title>`)).toContain('a web page')
    }
  )

  it('is no file of bytes, whatever they begin with', () => {
    expect(of('{\0\0\0\0\0\0\0{"a":{}}', 'net.safetensors')).toBe(undefined)
    expect(of('<html>\x80\x02\0', 'net.pkl')).toBe(undefined)
  })
})
