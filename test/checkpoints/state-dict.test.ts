import { describe, expect, it } from 'vitest'
import { nameInFile } from '../../src/checkpoints/origin.js'
import { chosen } from '../../src/checkpoints/selection.js'
import { candidates, unwrapped } from '../../src/checkpoints/state-dict.js'
import type { DType, TaggedObject, Tensor, Tree } from '../../src/checkpoints/tensor.js'

const tensor = (value: number, dtype: DType = 'float32'): Tensor => ({
  ...{ kind: 'tensor', dtype, shape: [1] },
  data: new Uint8Array(new Float64Array([value]).buffer)
})
const dict = (entries: Readonly<Record<string, Tree>>): ReadonlyMap<Tree, Tree> => new Map(Object.entries(entries))
const object = (className: string, rest: Partial<TaggedObject> = {}): TaggedObject => ({
  ...{ kind: 'object', className, args: [], state: null, ...rest }
})
const NAMES = ['model.map_layer0.weight', 'model.map_layer0.bias']
/** A network of EDM's whose weights are one number, its names behind a beginning. */
const network = (start = '', value = 1) => dict(Object.fromEntries(NAMES.map(name => [start + name, tensor(value)])))
const plain = (start: string, value = 1) =>
  dict(Object.fromEntries(NAMES.map(name => [start + name.replace('model.', ''), tensor(value)])))
const choose = (tree: Tree, weights?: string) =>
  chosen(
    candidates(tree, () => new Map()),
    weights,
    'net.pt'
  )
const names = (tree: Tree, weights?: string) => [...choose(tree, weights).tensors.keys()]

describe('weights in a file', () => {
  it.each([
    ...['model', 'ema', 'net', 'state_dict', 'model_state_dict', 'params', 'params_ema', 'module', 'ema_state_dict'],
    ...['network', 'g_ema', 'anything']
  ])('are found under %s, whatever else is there', key => {
    const optimizer = dict({ state: new Map([[0, dict({ exp_avg: tensor(1), step: tensor(2) })]]), param_groups: [] })
    const beside = { epoch: 3, lr: 1e-4, optimizer, rng: tensor(0, 'uint8'), args: object('argparse.Namespace') }
    expect(names(dict({ [key]: network(), ...beside }))).toEqual(NAMES)
  })

  it('are found beside counters and settings', () => {
    const counters = { step: tensor(3, 'int64'), epoch: 4, config: dict({ lr: 1 }) }
    expect(names(new Map([...network(), ...dict(counters)]))).toEqual(NAMES)
  })

  it.each([
    ['data parallel training', 'module.'],
    ['torch.compile', '_orig_mod.'],
    ['both', 'module._orig_mod.'],
    ['both the other way round', '_orig_mod.module.'],
    ['two of the same', 'module.module.'],
    ['Lightning', 'model.'],
    ['Lightning and torch.compile', 'model._orig_mod.'],
    ['fully sharded training', '_fsdp_wrapped_module.'],
    ['a trainer of its own', 'net.denoiser.']
  ])('have the names that %s began with cut off, which messages still have', (_, start) => {
    const { tensors } = choose(dict({ state_dict: network(start) }))
    expect([...tensors.keys()]).toEqual(NAMES)
    expect(NAMES.map(name => nameInFile(tensors, name))).toEqual(NAMES.map(name => start + name))
  })

  it('are known without a wrapper within their names', () => {
    const wrapped = dict({
      'model._orig_mod.map_layer0.weight': tensor(1),
      'model._orig_mod.map_layer0.bias': tensor(1)
    })
    expect(names(wrapped)).toEqual(NAMES)
  })

  it('keep the beginning that a network which is not known has', () => {
    expect(names(plain('model.'))).toEqual(NAMES)
    expect(names(dict({ 'backbone.conv.weight': tensor(1) }))).toEqual(['backbone.conv.weight'])
    expect(names(dict({ 'module.conv.weight': tensor(1) }))).toEqual(['conv.weight'])
  })

  it('of an average of a model are its module', () => {
    const average = new Map<Tree, Tree>([['n_averaged', tensor(7, 'int64')], ...network('module.')])
    expect(names(average)).toEqual(NAMES)
  })

  it('are not cut where two would have the same name', () => {
    const tensors = new Map([
      ['a._orig_mod.weight', tensor(1)],
      ['a.weight', tensor(2)]
    ])
    expect([...unwrapped(tensors).keys()]).toEqual(['a._orig_mod.weight', 'a.weight'])
  })

  it("may be NumPy's arrays, if nothing else is there", () => {
    const array = (value: number) => object('numpy.ndarray', { args: [tensor(value)] })
    expect(names(dict({ [NAMES[0]]: array(1), [NAMES[1]]: array(2) }))).toEqual(NAMES)
    expect(names(new Map([...network(), ['history.loss', array(1)]]))).toEqual(NAMES)
  })

  it('may be in an object that is a dictionary, or has fields', () => {
    expect(names(object('easydict.EasyDict', { items: dict({ model: network() }) }))).toEqual(NAMES)
    expect(names(object('argparse.Namespace', { state: dict({ model: network() }) }))).toEqual(NAMES)
  })

  it('that stand there twice are one', () => {
    expect(names(dict({ model: network(), ema: network() }))).toEqual(NAMES)
  })

  it.each([
    ['under two keys', dict({ model: network(), ema: network('', 2) }), 'model (2 tensors), ema (2 tensors)', 'ema'],
    [
      'under two keys with other wrappers',
      dict({ params: network('module.'), params_ema: network('', 2) }),
      'params (2 tensors), params_ema (2 tensors)',
      'params_ema'
    ],
    [
      'of other names',
      dict({ g: dict({ 'a.weight': tensor(1) }), d: dict({ 'b.weight': tensor(1) }) }),
      'g (1 tensors), d (1 tensors)',
      'g'
    ],
    [
      'behind two beginnings',
      new Map([...network('net.'), ...network('ema.', 2), ['loss.a', tensor(1)]]),
      'net (2 tensors), ema (2 tensors), loss (1 tensors)',
      'ema'
    ]
  ])('that are several %s are not chosen by guess', (_, tree, listed, example) => {
    expect(() => choose(tree)).toThrow(
      `net.pt: holds several networks, ${listed}; say which is meant beside checkpoint, as in weights: ${example}`
    )
  })

  it.each([
    ['a key', dict({ model: network(), ema: network('', 2) }), 'ema'],
    ['a key within another', dict({ a: dict({ model: network() }), b: dict({ ema: network('', 2) }) }), 'ema'],
    ['keys with dots between them', dict({ a: dict({ m: network() }), b: dict({ m: network('', 2) }) }), 'b.m'],
    ['the key around it', dict({ model: network(), ema: dict({ shadow: network('', 2), decay: 0.9 }) }), 'ema'],
    ['a beginning', new Map([...network('net.'), ...network('ema.', 2)]), 'ema']
  ])('are chosen by %s', (_, tree, weights) => {
    const { tensors } = choose(tree, weights)
    expect([...tensors].map(([name, { data }]) => [name, new Float64Array(new Uint8Array(data).buffer)[0]])).toEqual(
      NAMES.map(name => [name, 2])
    )
  })

  it('that are not where they should be are said to be elsewhere', () => {
    expect(() => choose(dict({ model: network(), ema: network() }), 'nett')).toThrow(
      'net.pt: nothing in it is under weights: nett; there are model, ema'
    )
    expect(() => choose(network(), 'ema')).toThrow('under weights: ema; there are names that begin with model')
  })

  it.each([
    ['torch.Tensor', ['float8_e4m3fn', [1]], 'of float8_e4m3fn'],
    ['torch._utils._rebuild_qtensor', [], 'qtensor'],
    ['torch._utils._rebuild_meta_tensor_no_storage', [], 'meta tensor no storage']
  ])('of %s are named', (className, args, what) => {
    const tree = new Map([...network(), ['model.out.weight', object(className, { args })]])
    expect(() => choose(tree)).toThrow(
      `net.pt: its weights are of types that are not supported: model.out.weight (${what}); save them as`
    )
  })
})
