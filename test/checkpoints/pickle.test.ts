import { describe, expect, it } from 'vitest'
import { fixture, pickle, read, readMap } from './fixtures.js'

const invalid = (what: RegExp | string) =>
  expect.objectContaining({ code: 'checkpoint-invalid', message: expect.stringMatching(what) as unknown }) as unknown

describe.each([0, 1, 2, 3, 4, 5])('a pickle of protocol %i, as Python writes it', protocol => {
  const value = readMap(fixture(`checkpoints/values-${protocol}.pkl`))

  it('has the numbers that were written, of any size', () => {
    expect(value.get('ints')).toEqual([
      ...[0, 1, -1, 255, 256, 65535, 65536, -(2 ** 31), 2 ** 31 - 1, 2 ** 31, -(2 ** 40)],
      Number.MAX_SAFE_INTEGER
    ])
    expect(value.get('long')).toBe(2n ** 200n + 1n)
    expect(value.get('negative long')).toBe(-(2n ** 2100n))
    expect(value.get('floats')).toEqual([0, -1.5, 1e300, Infinity])
    expect([value.get('none'), value.get('bools')]).toEqual([null, [true, false]])
  })

  it('has text and bytes', () => {
    expect(value.get('text')).toBe('naïve 𝄞 \n')
    expect(value.get('long text')).toBe('x'.repeat(300))
    expect(value.get('bytes')).toEqual(Buffer.from([0, 255, 97, 98, 99]))
    expect(value.get('long bytes')).toEqual(Buffer.from(Array.from({ length: 512 }, (_, i) => i & 255)))
    expect(value.get('bytearray')).toEqual(Buffer.from('grow'))
  })

  it('has containers in their order, as lists and maps', () => {
    expect(value.get('tuples')).toEqual([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]])
    expect([value.get('set'), value.get('frozenset')]).toEqual([[7], [8]])
    expect([...(value.get('ordered') as Map<string, number>).keys()]).toEqual(['b', 'a'])
    expect(value.get('default')).toEqual(new Map([['k', [3]]]))
    expect((value.get('many') as Map<number, number>).size).toBe(1500)
    expect(value.get(1)).toBe('a key that is no text')
  })

  it('shares what was shared, and has null where a part would hold itself', () => {
    const shared = value.get('shared') as unknown[]
    expect(shared[0]).toBe(shared[1])
    expect(value.get('cycle')).toEqual([null])
  })

  it('that is cut off anywhere says so', () => {
    const bytes = fixture(`checkpoints/values-${protocol}.pkl`)
    for (let length = 1; length < bytes.length; length += 31)
      expect(() => read(bytes.subarray(0, length))).toThrow(
        // The first bytes of a textual pickle might be anything.
        invalid(protocol < 2 && length < 8 ? /is not a checkpoint|ends in the/ : /ends in the middle, at byte \d+/)
      )
  })
})

describe('a pickle that would run something', () => {
  const global = (module: string, name: string) => `c${module}\n${name}\n`
  const argument = 'X\x06\x00\x00\x00rm -rf'
  it.each([
    ['REDUCE of os.system', `${global('os', 'system')}${argument}\x85R`, 'os.system'],
    ['REDUCE of posix.system', `${global('posix', 'system')}${argument}\x85R`, 'posix.system'],
    ['REDUCE of eval', `${global('builtins', 'eval')}${argument}\x85R`, 'builtins.eval'],
    ['REDUCE of eval under its old name', `${global('__builtin__', 'eval')}${argument}\x85R`, '__builtin__.eval'],
    ['REDUCE of getattr', `${global('builtins', 'getattr')}N${argument}\x86R`, 'builtins.getattr'],
    ['REDUCE within REDUCE', `${global('builtins', 'list')}(${global('os', 'popen')}${argument}\x85RtR`, 'os.popen'],
    ['REDUCE kept in the memo and called twice', `${global('os', 'system')}q\x00${argument}\x85h\x00R`, 'no tuple'],
    ['STACK_GLOBAL', `X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93${argument}\x85R`, 'os.system'],
    ['torch.load in disguise', `${global('torch', 'load')}${argument}\x85R`, 'torch.load'],
    ['numpy.load in disguise', `${global('numpy', 'load')}${argument}\x85R`, 'numpy.load'],
    ['a dotted path', `${global('torch', 'serialization.os.system')}${argument}\x85R`, 'torch.serialization.os.system']
  ])('by %s: nothing runs, and it is named', (_, body, name) => {
    expect(() => read(pickle(body))).toThrow(invalid(new RegExp(name.replaceAll('.', '\\.'))))
  })

  it.each([
    ['INST', '(X\x06\x00\x00\x00rm -rfios\nsystem\n'],
    ['OBJ', `(${global('os', 'system')}${argument}o`],
    ['an extension', '\x82\x01'],
    ['the textual opcodes of protocol 0', "S'rm -rf'\n"]
  ])('by %s: no such opcode is known', (_, body) => {
    expect(() => read(pickle(body))).toThrow(invalid(/no opcode of a binary pickle/))
  })

  it.each([
    ['INST', '(S"rm -rf"\nios\nsystem\n.'],
    ['OBJ', '(cos\nsystem\nS"rm -rf"\no.'],
    ['REDUCE', 'cposix\nsystem\n(S"rm -rf"\ntR.'],
    ['a member of a class', 'c__builtin__\ngetattr\n(cos\n_Environ\nS"system"\ntR.']
  ])('by %s in text: nothing runs, and it is named', (_, body) => {
    expect(() => read(Buffer.from(body))).toThrow(invalid(/it would call \S+, as files that are made to do harm do/))
  })

  it('by NEWOBJ and BUILD: a record of the class and its state, and no more', () => {
    const body = `${global('subprocess', 'Popen')}${argument}\x85\x81}X\x01\x00\x00\x00aK\x01sb`
    expect(read(pickle(body))).toEqual({
      ...{ kind: 'object', className: 'subprocess.Popen', args: ['rm -rf'] },
      state: new Map([['a', 1]])
    })
  })

  it('is told apart from a class that is only named', () => {
    expect(read(pickle(global('os', 'system')))).toEqual({
      kind: 'object',
      className: 'os.system',
      args: [],
      state: null
    })
  })
})

describe('a pickle that makes no sense', () => {
  it.each([
    ['an unknown opcode', '\xff', /byte 2 is 0xff/],
    ['an empty stack', '0', /empty stack/],
    ['nothing to return', '', /empty stack/],
    ['no mark', 'Nt', /lacks a mark/],
    ['a memo never kept', 'h\x07', /recalls what it never kept/],
    ['an item for no list', 'NNa', /no list/],
    ['an item for no dictionary', 'NNNs', /no dictionary/],
    ['an item for no set', 'N(N\x90', /no set/],
    ['a state for a number', 'K\x01Nb', /state to what has none/],
    ['a call of a number', 'K\x01)R', /no class or function/],
    ['a class named by numbers', 'K\x01K\x02\x93', /no text/],
    ['data outside of it', 'NQ', /data outside of it/],
    ['a negative length', '\x8b\xff\xff\xff\xff', /ends in the middle/],
    ['a text longer than the file', 'X\xff\xff\xff\xff', /ends in the middle/],
    ['bytes of 2^62', '\x8e\x00\x00\x00\x00\x00\x00\x00\x40', /ends in the middle/]
  ])('by %s says what is wrong', (_, body, message) => {
    expect(() => read(pickle(body))).toThrow(invalid(message))
  })
})

describe('a pickle made to exhaust its reader', () => {
  const levels = 200_000

  it('by lists within lists is refused', () => {
    expect(() => read(pickle(`${']'.repeat(levels)}${'a'.repeat(levels - 1)}`))).toThrow(invalid(/nested too deeply/))
  })

  it('by tuples within tuples is refused', () => {
    expect(() => read(pickle(`N${'\x85'.repeat(levels)}`))).toThrow(invalid(/nested too deeply/))
  })

  it('by lists that hold one another many times over stays as small as it is written', () => {
    const body = `]q\x00${Array.from({ length: 60 }, () => '](h\x00h\x00eq\x00').join('')}`
    expect(read(pickle(body))).toHaveLength(2)
  })

  it('by a number of a million bytes is read', () => {
    const length = Buffer.alloc(4)
    length.writeInt32LE(1_000_000)
    const value = read(
      Buffer.concat([Buffer.from('\x80\x02\x8b', 'latin1'), length, Buffer.alloc(1_000_000, 0x11), Buffer.from('.')])
    )
    expect(typeof value).toBe('bigint')
  })
})
