import { describe, expect, it } from 'vitest'
import { isList, isMap, isObject, isTensor, toFloat64, type Tree } from '../../src/checkpoints/tensor.js'
import { fixture, readMap } from './fixtures.js'

/** Numbers of floating-point tensors, names of types of others; objects as their class, arguments, state and items. */
function plain(tree: Tree | undefined): unknown {
  if (isTensor(tree)) return tree.dtype.includes('float') ? [...toFloat64(tree)] : [tree.dtype, ...tree.data]
  if (tree instanceof Uint8Array) return [...tree]
  if (isMap(tree))
    return Object.fromEntries([...tree].map(([key, value]) => [typeof key === 'string' ? key : '', plain(value)]))
  if (tree !== undefined && isList(tree)) return tree.map(plain)
  if (!isObject(tree)) return tree
  const parts = [tree.className, plain([...tree.args])]
  return [
    ...parts,
    ...(tree.state === null ? [] : [plain(tree.state)]),
    ...(tree.items === undefined ? [] : [plain(tree.items)])
  ]
}

describe.each(['extras.pt', 'extras-legacy.pt'])('what training scripts keep beside weights, in %s,', name => {
  const tree = readMap(fixture(`checkpoints/${name}`))

  it('leaves the weights as they are', () => {
    expect(plain(tree.get('state_dict'))).toEqual({ 'conv.weight': [0, 1, 2, 3, 4, 5], 'conv.bias': [1, -2] })
  })

  const numbers = [0, 1, 2, 3, 4, 5]
  const bits = (array: new (values: number[]) => { buffer: ArrayBuffer }) => [
    ...new Uint8Array(new array(numbers).buffer)
  ]
  const array = (content: unknown) => ['numpy.ndarray', [content]]
  it.each([
    ['fortran', array(numbers)],
    ['big-endian', array(numbers)],
    ['objects', ['numpy.ndarray', ['|O8', [3], [1, 'a', null]]]],
    ['scalars', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, true]],
    ['other scalars', ['hé', [0x78], ['builtins.complex', [1, -2]], ['numpy.datetime64', [18263]], 2n ** 64n - 1n]],
    ['counter', ['collections.Counter', [{ a: 2, b: 1 }]]],
    ['deque', ['collections.deque', [[], 3], [1, 2]]],
    ['default', { a: [1] }],
    ['range', ['__builtin__.xrange', [0, 3, 1]]],
    ['complex', ['__builtin__.complex', [1, 2]]],
    ['slice', ['__builtin__.slice', [1, 2, null]]],
    ['layout', ['torch.serialization._get_layout', ['torch.strided']]],
    ['subclass', [1, 1]],
    ['namespace', ['argparse.Namespace', [], { lr: 0.5 }]],
    ['size', [1, 2]],
    ['dtype', ['torch.float16', []]],
    ['device', ['torch.device', ['cuda', 0]]],
    ['settings', ['__main__.Settings', [], { lr: 0.5 }]],
    ['member', ['__main__.Color', [1]]],
    ['table', ['__main__.Table', [], { note: 'kept' }, { a: 1 }]],
    ['items', ['__main__.Items', [], [1, 2]]],
    ['pattern', ['re._compile', ['a+', 32]]],
    ['complex tensor', ['torch.Tensor', ['complex64', [2]]]],
    ['eight bits', ['torch.Tensor', ['float8_e4m3fn', [3]]]],
    ['sixteen bits', ['torch.Tensor', ['uint16', [3]]]],
    ['negated', ['torch.Tensor', ['float32 (neg)', [2]]]],
    ['expanded', Array<number>(360_000).fill(1.5)],
    ['storage', ['torch.Storage', ['uint8', 8]]]
  ])('keeps %s as plain data', (key, expected) => {
    expect(plain(tree.get(key))).toEqual(expected)
  })

  it('keeps arrays of all types of numbers', () => {
    expect(plain(tree.get('arrays'))).toMatchObject({
      ...{ f2: array(numbers), f4: array(numbers), f8: array(numbers) },
      ...{ i1: array(['int8', ...numbers]), i2: array(['int16', ...bits(Int16Array)]) },
      ...{ i4: array(['int32', ...bits(Int32Array)]), u1: array(['uint8', ...numbers]) },
      u2: ['numpy.ndarray', ['<u2', [2, 3], bits(Uint16Array)]],
      '?': array(['bool', 0, 1, 1, 1, 1, 1])
    })
  })

  it('has nothing left out', () => {
    for (const [key, value] of tree) expect([key, value]).not.toEqual([key, null])
    expect(tree.size).toBe(42)
  })
})
