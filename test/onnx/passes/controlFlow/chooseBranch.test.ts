import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { chooseBranch } from '../../../../src/onnx/passes/controlFlow/chooseBranch.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import { DataType, type NodeProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, model, node, operators, runModel } from '../../models.js'

const dims = [1, 3, 2, 2]
const outputs = (...names: string[]) => names.map((name) => makeValueInfo(name, DataType.FLOAT))

const branch = (nodes: readonly NodeProto[], ...returned: string[]) =>
  makeGraph({ nodes, initializers: [floats('k', [1], [2])], inputs: [], outputs: outputs(...returned) })

/** Two outputs each, and the same names inside. */
function branches(taken: readonly NodeProto[] = [node('Neg', ['s'], ['n'])]) {
  return [
    makeAttribute('then_branch', branch([node('Mul', ['r', 'k'], ['s'], [], 'inner'), ...taken], 's', 'n')),
    makeAttribute(
      'else_branch',
      branch([node('Add', ['r', 'k'], ['s'], [], 'inner'), node('Identity', ['r'], ['n'])], 's', 'n'),
    ),
  ]
}

/** A verifier: the branch is taken where the largest value of x is above a bound, as a tensor of one value with so many axes. */
function verified(bound: number, axes: number, attributes = branches()) {
  return model({
    nodes: [
      node('Relu', ['x'], ['r']),
      node('ReduceMax', ['x'], ['most'], [makeAttribute('keepdims', axes > 0 ? 1 : 0)]),
      node('Greater', ['most', 'bound'], ['c']),
      node('If', ['c'], ['y', 'z'], attributes),
    ],
    constants: [makeTensor('bound', DataType.FLOAT, [], Float32Array.of(bound))],
    inputs: { x: dims },
    outputs: ['y', 'z'],
  })
}

describe('chooseBranch', () => {
  it.each([
    [-1e9, 0],
    [-1e9, 4],
    [1e9, 0],
    [1e9, 4],
  ])(
    'computes both branches and returns those of the one taken (bound %d, condition with %i axes)',
    async (bound, axes) => {
      const proto = verified(bound, axes)
      const { proto: chosen, count } = await chooseBranch.apply(proto)
      expect(count).toBe(1)
      expect(operators(chosen)).not.toContain('If')
      expect(operators(chosen).filter((type) => type === 'Where')).toHaveLength(2)
      expect(largestDifference(await runModel(proto), await runModel(chosen))).toBe(0)
    },
  )

  it('leaves no If in a model that is optimized, inner ones included', async () => {
    const only = (type: string) => makeGraph({ nodes: [node(type, ['s'], [type])], inputs: [], outputs: outputs(type) })
    const inside = [makeAttribute('then_branch', only('Abs')), makeAttribute('else_branch', only('Neg'))]
    const proto = verified(0.5, 0, branches([node('If', ['c'], ['n'], inside)]))
    const { model: optimized } = await optimize(asModel(proto))
    expect(operators(optimized.proto)).not.toContain('If')
    expect(largestDifference(await runModel(proto), await runModel(optimized.proto))).toBe(0)
  })

  it('leaves an If whose branches return other dims than each other', async () => {
    const nodes = [node('ReduceMean', ['r'], ['s'], [makeAttribute('keepdims', 1)]), node('Neg', ['r'], ['n'])]
    const sum = branch(nodes, 's', 'n')
    const proto = verified(0.5, 0, [branches()[0]!, makeAttribute('else_branch', sum)])
    expect((await chooseBranch.apply(proto)).proto).toBe(proto)
  })

  it('leaves an If that an integer input decides: calibration may tell its value', async () => {
    const proto = model({
      nodes: [
        node('Relu', ['x'], ['r']),
        node('Equal', ['rate', 'known'], ['c']),
        node('If', ['c'], ['y', 'z'], branches()),
      ],
      constants: [makeTensor('known', DataType.INT64, [], BigInt64Array.of(16000n))],
      inputs: { x: dims, rate: [] },
      outputs: ['y', 'z'],
    })
    const rate = makeValueInfo('rate', DataType.INT64, [])
    const input = proto.graph.input.map((info) => (info.name === 'rate' ? rate : info))
    const integer = { ...proto, graph: { ...proto.graph, input } }
    expect((await chooseBranch.apply(integer)).proto).toBe(integer)
  })
})
