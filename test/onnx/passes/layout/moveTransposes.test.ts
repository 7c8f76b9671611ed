// Transposes that undo each other go, and what lay between them computes the same.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAttribute as a } from '../../../../src/onnx/attribute.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { moveTransposes } from '../../../../src/onnx/passes/layout/moveTransposes.js'
import type { AttributeProto, ModelProto, NodeProto, TensorProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

const channelsLast = (from: string, to: string) => node('Transpose', [from], [to], [a('perm', [0, 2, 3, 1])], to)
const channelsFirst = (from: string, to: string) => node('Transpose', [from], [to], [a('perm', [0, 3, 1, 2])], to)
const one = (opType: string, inputs: readonly string[] = [], attributes: readonly AttributeProto[] = []) => [
  node(opType, ['x', ...inputs], ['y'], attributes, 'one'),
]

/** Nodes from `x` to `y`, whose channels are last, in a network whose channels are first. */
function inside(nodes: readonly NodeProto[], constants: readonly TensorProto[], opset = 18): ModelProto {
  return model({
    nodes: [channelsLast('in', 'x'), ...nodes, channelsFirst('y', 'out')],
    constants,
    inputs: { in: [2, 3, 4, 5] },
    outputs: ['out'],
    opset,
  })
}

async function expectTransposes(proto: ModelProto, count: number): Promise<void> {
  const { model: optimized } = await optimize(asModel(proto))
  expect(operators(optimized.proto).filter((type) => type === 'Transpose')).toHaveLength(count)
  expect(largestDifference(await runModel(proto), await runModel(optimized.proto))).toBeLessThan(1e-6)
}

describe('moveTransposes', () => {
  it.each<[string, readonly NodeProto[], readonly TensorProto[], number?]>([
    ['nothing', one('Identity'), []],
    ['a function of each value', one('Clip', ['low', 'high']), [floats('low', [], [0]), floats('high', [], [6])]],
    ['a constant a channel', one('Mul', ['k']), [floats('k', [3])]],
    ['a constant of any shape', one('Add', ['k']), [floats('k', [2, 4, 1, 3])]],
    ['a constant that comes first', [node('Sub', ['k', 'x'], ['y'], [], 'one')], [floats('k', [5, 1])]],
    ['slopes', one('PRelu', ['k']), [floats('k', [3])]],
    ['pads', one('Pad', ['pads']), [longs('pads', [8], [0, 1, 0, 0, 0, 2, 1, 0])]],
    ['a mean whose axes are kept', one('ReduceMean', ['axes']), [longs('axes', [2], [1, -2])]],
    ['a mean of an older opset', one('ReduceMean', [], [a('axes', [-1])]), [], 13],
    [
      'parts put together again',
      [
        node('Split', ['x', 'sizes'], ['b', 'c'], [a('axis', -2)], 'parts'),
        node('Concat', ['c', 'b'], ['y'], [a('axis', 2)], 'whole'),
      ],
      [longs('sizes', [2], [2, 3])],
    ],
    ['two readers', [node('Relu', ['x'], ['r'], [], 'first'), node('Add', ['r', 'x'], ['y'], [], 'second')], []],
  ])('leaves none around %s', async (_, nodes, constants, opset) => {
    await expectTransposes(inside(nodes, constants, opset), 0)
  })

  it.each<[string, readonly AttributeProto[], number]>([
    ['ReduceMean', [a('axes', [1, 2]), a('keepdims', 0)], 0],
    ['ReduceMean', [a('axes', [1]), a('keepdims', 0)], 1],
    ['ArgMax', [a('axis', -1), a('keepdims', 0)], 0],
    ['ArgMax', [a('axis', 2), a('keepdims', 0)], 1],
    ['Softmax', [a('axis', 3)], 1],
    ['Shape', [], 0],
  ])(
    'in front of %s there stays one where the order of what it gives depends on it',
    async (type, attributes, left) => {
      const nodes = [channelsLast('in', 'l'), node('Relu', ['l'], ['x']), ...one(type, [], attributes)]
      const proto = model({ nodes, inputs: { in: [2, 3, 4, 5] }, opset: 13 })
      const output = type === 'ArgMax' || type === 'Shape' ? [{ name: 'y' }] : proto.graph.output
      await expectTransposes({ ...proto, graph: { ...proto.graph, output } }, left)
    },
  )

  it('keeps the one that gives an output of the model', async () => {
    const proto = inside([node('Relu', ['x'], ['y'])], [])
    const output = [...proto.graph.output, { name: 'y' }]
    await expectTransposes({ ...proto, graph: { ...proto.graph, output } }, 1)
  })

  it('gives new nodes names that no other node has', async () => {
    const nodes = [channelsLast('in', 'x'), ...one('Shape'), node('Relu', ['in'], ['z'], [], 'one_ordered')]
    const { proto } = await moveTransposes.apply(model({ nodes, inputs: { in: [2, 3, 4, 5] }, outputs: ['y', 'z'] }))
    const names = proto.graph.node.map(({ name }) => name)
    expect(names).toHaveLength(3)
    expect(new Set(names).size).toBe(3)
  })

  it('gives the same values, and never more Transposes, of networks of all kinds', async () => {
    const step = fc.record({
      kind: fc.constantFrom('relu', 'scale', 'add', 'around', 'twice', 'softmax'),
      left: fc.nat({ max: 20 }),
      right: fc.nat({ max: 20 }),
    })
    const form = fc.record({
      steps: fc.array(step, { maxLength: 8 }),
      shown: fc.array(fc.nat({ max: 20 }), { maxLength: 2 }),
    })
    const law = fc.asyncProperty(form, async ({ steps, shown }) => {
      const nodes = [channelsLast('in', 't0')]
      const pick = (at: number, count: number) => `t${at % count}`
      for (const [i, { kind, left, right }] of steps.entries()) {
        const [x, other, y] = [pick(left, i + 1), pick(right, i + 1), `t${i + 1}`]
        if (kind === 'relu') nodes.push(node('Relu', [x], [y], [], y))
        if (kind === 'scale') nodes.push(node('Mul', [x, 'k'], [y], [], y))
        if (kind === 'add') nodes.push(node('Add', [x, other], [y], [], y))
        if (kind === 'softmax') nodes.push(node('Softmax', [x], [y], [a('axis', -1)], y))
        if (kind === 'around' || kind === 'twice') {
          const between = kind === 'twice' ? `f${i}` : `s${i}`
          nodes.push(channelsFirst(x, `f${i}`))
          if (kind === 'around') nodes.push(node('Sigmoid', [`f${i}`], [between], [], between))
          nodes.push(channelsLast(between, y))
        }
      }
      nodes.push(channelsFirst(`t${steps.length}`, 'out'))
      const outputs = [...new Set(['out', ...shown.map((at) => pick(at, steps.length + 1))])]
      const proto = model({ nodes, constants: [floats('k', [3])], inputs: { in: [1, 3, 2, 4] }, outputs })
      const { proto: moved } = await moveTransposes.apply(proto)
      const count = (some: ModelProto) =>
        some.graph.node.filter(({ opType, input }) => opType === 'Transpose' && !/^k/.test(input[0]!)).length
      expect(count(moved)).toBeLessThanOrEqual(count(proto))
      expect(largestDifference(await runModel(proto), await runModel(moved))).toBe(0)
    })
    await fc.assert(law, { numRuns: 40 })
  })
})
