// Attention, of ONNX and of ONNX Runtime, written out computes what the runtime computes of it.

import { describe, expect, it } from 'vitest'
import { makeAttribute as a } from '../../../../src/onnx/attribute.js'
import { lowerContribAttention, lowerMultiHeadAttention } from '../../../../src/onnx/passes/attention/contrib.js'
import { lowerGroupQueryAttention } from '../../../../src/onnx/passes/attention/grouped.js'
import { lowerAttention } from '../../../../src/onnx/passes/attention/onnx.js'
import { lowerContribRotaryEmbedding, lowerRotaryEmbedding } from '../../../../src/onnx/passes/attention/rotary.js'
import { lowerFusedMatMul } from '../../../../src/onnx/passes/lowered/products/fusedMatMul.js'
import type { Pass } from '../../../../src/onnx/passes/pass.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import {
  type AttributeProto,
  DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../../src/onnx/types.js'
import { floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

/** Names between spaces, '_' for one that is left away. */
const names = (text: string) => text.split(' ').map((name) => (name === '_' ? '' : name))

type Inputs = Readonly<Record<string, readonly (number | string)[]>>
type Attributes = readonly AttributeProto[]

async function expectSame(proto: ModelProto, pass: Pass): Promise<void> {
  const { proto: lowered, count } = await pass.apply(proto)
  expect(count).toBe(1)
  expect(operators(lowered)).not.toContain(proto.graph.node[0]!.opType)
  expect(largestDifference(await runModel(proto), await runModel(lowered), 1e-3)).toBeLessThan(1e-5)
}

const contrib = (one: NodeProto): NodeProto => ({ ...one, domain: 'com.microsoft' })
const whole = (name: string, dims: readonly number[], values: readonly number[]) =>
  makeTensor(name, DataType.INT32, dims, Int32Array.from(values))

describe("ONNX's Attention", () => {
  const past = { p: [2, 2, 3, 4], r: [2, 2, 3, 4] }
  const heads = { q: [2, 2, 3, 4], k: [2, 2, 3, 4], v: [2, 2, 3, 4] }
  const shared = { q: ['batch', 'length', 8], k: ['batch', 'reach', 4], v: ['batch', 'reach', 6] }
  const counts = [a('q_num_heads', 2), a('kv_num_heads', 1)]
  const seen = makeTensor(
    'm',
    DataType.BOOL,
    [3, 6],
    Uint8Array.from({ length: 18 }, (_, at) => Number(at % 4 !== 1)),
  )

  it.each<[string, string, string, Inputs, Attributes, TensorProto[], number?]>([
    ['of open lengths, with shared heads', 'q k v', 'y', shared, counts, []],
    [
      'in order, of open lengths',
      'q k v',
      'y',
      { ...shared, k: shared.q, v: shared.q },
      [a('is_causal', 1), a('q_num_heads', 2), a('kv_num_heads', 2)],
      [],
    ],
    [
      'behind past keys, in order, which it hands on',
      'q k v _ p r',
      'y s t',
      { ...heads, ...past },
      [a('is_causal', 1)],
      [],
    ],
    [
      'behind past keys, with a mask and a cap',
      'q k v m p r',
      'y s t',
      { ...heads, ...past },
      [a('softcap', { float: 2 })],
      [seen],
    ],
    [
      'behind past keys of open length, in order',
      'q k v _ p r',
      'y s t',
      { ...heads, p: [2, 2, 'past', 4], r: [2, 2, 'past', 4] },
      [a('is_causal', 1)],
      [],
    ],
    ['of keys that are not all there', 'q k v _ _ _ n', 'y', heads, [], [longs('n', [2], [1, 3])], 24],
  ])('%s', async (_, inputs, outputs, dims, attributes, constants, opset = 23) => {
    const nodes = [node('Attention', names(inputs), names(outputs), attributes, 'one')]
    await expectSame(model({ nodes, inputs: dims, outputs: names(outputs), constants, opset }), lowerAttention)
  })

  it('stays where its scores are an output', async () => {
    const nodes = [node('Attention', ['q', 'k', 'v'], ['y', '', '', 's'], [], 'one')]
    const proto = model({ nodes, inputs: heads, outputs: ['y', 's'], opset: 23 })
    expect(await lowerAttention.apply(proto)).toEqual({ proto, count: 0 })
  })
})

describe("ONNX Runtime's Attention", () => {
  const weights = [floats('w', [8, 24]), floats('b', [24])]
  const x = { x: [2, 5, 8] }

  it.each<[string, string, string, Inputs, Attributes, TensorProto[], number?]>([
    ['without a mask', 'x w b', 'y', x, [], weights],
    ['in order, of open lengths', 'x w b', 'y', { x: ['batch', 'length', 8] }, [a('unidirectional', 1)], weights],
    [
      'with a mask, in opset 11',
      'x w b m',
      'y',
      x,
      [],
      [...weights, whole('m', [2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 0])],
      11,
    ],
    ['with lengths', 'x w b m', 'y', x, [], [...weights, whole('m', [2], [3, 5])]],
    ['with a bias of the scores', 'x w b _ _ r', 'y', x, [], [...weights, floats('r', [1, 2, 5, 5])]],
    [
      'of unequal sizes, scaled',
      'x w b',
      'y',
      x,
      [a('qkv_hidden_sizes', [4, 4, 16]), a('scale', { float: 0.3 })],
      weights,
    ],
    [
      'behind past keys, which it hands on',
      'x w b _ p',
      'y s',
      { ...x, p: [2, 2, 2, 3, 4] },
      [a('unidirectional', 1)],
      weights,
    ],
  ])('%s', async (_, inputs, outputs, dims, attributes, constants, opset = 17) => {
    const nodes = [contrib(node('Attention', names(inputs), names(outputs), [a('num_heads', 2), ...attributes], 'one'))]
    await expectSame(model({ nodes, inputs: dims, outputs: names(outputs), constants, opset }), lowerContribAttention)
  })

  const sides = { q: [2, 3, 8], k: [2, 5, 8], v: [2, 5, 8] }
  it.each<[string, string, string, Inputs, Attributes, TensorProto[]]>([
    [
      'with a bias and a mask',
      'q k v b m',
      'y',
      sides,
      [],
      [floats('b', [24]), whole('m', [2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 0])],
    ],
    [
      'in order, with a bias of the scores',
      'q k v _ _ r',
      'y',
      { ...sides, q: [2, 5, 8] },
      [a('unidirectional', 1)],
      [floats('r', [1, 2, 5, 5])],
    ],
    ['of keys that have heads', 'q k v', 'y', { ...sides, k: [2, 2, 5, 4], v: [2, 2, 5, 4] }, [], []],
    ['behind past keys', 'q k v _ _ _ p r', 'y s t', { ...sides, p: [2, 2, 3, 4], r: [2, 2, 3, 4] }, [], []],
  ])('MultiHeadAttention %s', async (_, inputs, outputs, dims, attributes, constants) => {
    const made = node('MultiHeadAttention', names(inputs), names(outputs), [a('num_heads', 2), ...attributes], 'one')
    const proto = model({ nodes: [contrib(made)], inputs: dims, outputs: names(outputs), constants, opset: 17 })
    await expectSame(proto, lowerMultiHeadAttention)
  })

  const rotary = [floats('c', [9, 8]), floats('d', [9, 8])]
  /** Keys of all lengths: [total - 1], and the total. */
  const lengths = (total: number, batch = 1) => [
    makeTensor('n', DataType.INT32, [batch], new Int32Array(batch).fill(total - 1)),
    makeTensor('t', DataType.INT32, [1], Int32Array.of(total)),
  ]
  const grouped = { q: [1, 3, 64], k: [1, 3, 32], v: [1, 3, 32] }
  const cache = { p: [1, 2, 4, 16], r: [1, 2, 4, 16] }
  it.each<[string, string, Inputs, Attributes, TensorProto[]]>([
    ['without a cache', 'q k v _ _ n t', { q: [2, 3, 64], k: [2, 3, 32], v: [2, 3, 32] }, [], lengths(3, 2)],
    ['of one tensor for all', 'q _ _ _ _ n t', { q: [1, 3, 128] }, [a('softcap', { float: 2 })], lengths(3)],
    [
      'behind a cache, turned',
      'q k v p r n t c d',
      { ...grouped, ...cache },
      [a('do_rotary', 1)],
      [...rotary, ...lengths(7)],
    ],
    [
      'of one tensor, turned in pairs of neighbours, near its place, scaled',
      'q _ _ p r n t c d',
      { q: [1, 3, 128], ...cache },
      [a('do_rotary', 1), a('rotary_interleaved', 1), a('local_window_size', 3), a('scale', { float: 0.3 })],
      [...rotary, ...lengths(7)],
    ],
    [
      'of open lengths, near its place, with a bias',
      'q k v p r n t c d _ e',
      {
        q: [1, 'length', 64],
        k: [1, 'length', 32],
        v: [1, 'length', 32],
        p: [1, 2, 'past', 16],
        r: [1, 2, 'past', 16],
      },
      [a('do_rotary', 1), a('local_window_size', 2)],
      [...rotary, ...lengths(4), floats('e', [1, 1, 2, 4])],
    ],
    ['with more room in the cache than there are keys', 'q k v p r n t', { ...grouped, ...cache }, [], lengths(5)],
    [
      'whose cache has room for more keys',
      'q k v p r n t',
      { ...grouped, p: [1, 2, 8, 16], r: [1, 2, 8, 16] },
      [],
      lengths(6),
    ],
    ['that looks both ways', 'q k v _ _ n t', grouped, [a('causal', 0)], lengths(3)],
  ])('GroupQueryAttention %s', async (_, inputs, dims, attributes, constants) => {
    const counts = [a('num_heads', 4), a('kv_num_heads', 2)]
    const made = node('GroupQueryAttention', names(inputs), ['y', 's', 'u'], [...counts, ...attributes], 'one')
    const proto = model({ nodes: [contrib(made)], inputs: dims, outputs: ['y', 's', 'u'], constants, opset: 17 })
    await expectSame(proto, lowerGroupQueryAttention)
  })

  it('GroupQueryAttention stays where sequences of a batch may have caches of their own lengths, and with a sink', async () => {
    const counts = [a('num_heads', 4), a('kv_num_heads', 2)]
    const stays = async (inputs: string, attributes: Attributes) => {
      const made = contrib(
        node('GroupQueryAttention', names(inputs), ['y', 's', 'u'], [...counts, ...attributes], 'one'),
      )
      const dims = { q: [2, 1, 64], k: [2, 1, 32], v: [2, 1, 32], p: [2, 2, 4, 16], r: [2, 2, 4, 16] }
      const proto = model({ nodes: [made], inputs: dims, outputs: ['y'], constants: lengths(5, 2), opset: 17 })
      expect(await lowerGroupQueryAttention.apply(proto)).toEqual({ proto, count: 0 })
    }
    await stays('q k v p r n t', [])
    await stays('q k v _ _ n t', [a('smooth_softmax', 1)])
  })

  it.each<[Attributes, Inputs]>([
    [[a('transA', 1), a('alpha', { float: 0.5 })], { p: [2, 4, 3], q: [4, 5] }],
    [[a('transB', 1)], { p: ['batch', 3, 4], q: [1, 5, 4] }],
    [[a('transBatchA', 1), a('transBatchB', 1), a('transB', 1)], { p: [3, 2, 4], q: [5, 2, 4] }],
  ])('FusedMatMul %#', async (attributes, inputs) => {
    const made = contrib(node('FusedMatMul', ['p', 'q'], ['y'], attributes, 'one'))
    await expectSame(model({ nodes: [made], inputs }), lowerFusedMatMul)
  })
})

describe('RotaryEmbedding', () => {
  const tables = (pairs: number) => [floats('c', [9, pairs]), floats('s', [9, pairs])]
  const some = longs('p', [2, 3], [0, 1, 2, 5, 3, 8])

  it.each<[string, Inputs, Attributes, TensorProto[]]>([
    ['interleaved', { x: [2, 3, 8] }, [a('num_heads', 2), a('interleaved', 1)], tables(2)],
    ['of a part of each head', { x: [2, 2, 3, 6] }, [a('rotary_embedding_dim', 4)], tables(2)],
    ['of an open batch', { x: ['batch', 2, 3, 4] }, [], tables(2)],
  ])('of ONNX, %s', async (_, inputs, attributes, constants) => {
    const nodes = [node('RotaryEmbedding', ['x', 'c', 's', 'p'], ['y'], attributes, 'one')]
    await expectSame(model({ nodes, inputs, constants: [...constants, some], opset: 23 }), lowerRotaryEmbedding)
  })

  it.each<[string, Inputs, Attributes, TensorProto[]]>([
    ['from a first position', { x: [2, 3, 8] }, [], [...tables(2), longs('p', [1], [4])]],
    ['from a first position, of open length', { x: ['batch', 'length', 8] }, [], [...tables(2), longs('p', [1], [4])]],
    ['interleaved, by positions', { x: [2, 3, 8] }, [a('interleaved', 1)], [...tables(4), some]],
    [
      'of a part of each head',
      { x: [2, 3, 12] },
      [a('num_heads', 2), a('rotary_embedding_dim', 4)],
      [...tables(2), some],
    ],
  ])('of ONNX Runtime, %s', async (_, inputs, attributes, constants) => {
    const nodes = [contrib(node('RotaryEmbedding', ['x', 'p', 'c', 's'], ['y'], attributes, 'one'))]
    await expectSame(model({ nodes, inputs, constants, opset: 17 }), lowerContribRotaryEmbedding)
  })
})
