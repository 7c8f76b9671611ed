import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { removeIdentity } from '../../../../src/onnx/passes/removal/removeIdentity.js'
import { DataType, type NodeProto, type TensorProto } from '../../../../src/onnx/types.js'
import { floats, largestDifference, model, node, runModel } from '../../models.js'

const identity = (from: string, to: string) => node('Identity', [from], [to])
const relu = (from: string, to: string) => node('Relu', [from], [to])

interface Case {
  readonly nodes: readonly NodeProto[]
  readonly outputs?: readonly string[]
  readonly constants?: readonly TensorProto[]
  /** One "Operator inputs -> outputs" a node. */
  readonly after: readonly string[]
}

const no: TensorProto = { name: 'no', dims: [], dataType: DataType.BOOL, int32Data: [0] }
const yes: TensorProto = { name: 'yes', dims: [], dataType: DataType.BOOL, int32Data: [1] }
const half = floats('half', [], [0.5])

const cases: Readonly<Record<string, Case>> = {
  'in the middle': { nodes: [identity('x', 'a'), relu('a', 'y')], after: ['Relu x -> y'] },
  'several in a row': {
    nodes: [relu('x', 'a'), identity('a', 'b'), identity('b', 'c'), relu('c', 'y')],
    after: ['Relu x -> a', 'Relu a -> y'],
  },
  'before an output, whose name stays': {
    nodes: [relu('x', 'a'), relu('a', 'b'), identity('a', 'c'), identity('c', 'y')],
    outputs: ['y', 'b'],
    after: ['Relu x -> y', 'Relu y -> b'],
  },
  'of a constant': {
    nodes: [identity('w', 'a'), node('Add', ['x', 'a'], ['y'])],
    constants: [floats('w', [1])],
    after: ['Add x w -> y'],
  },
  'products with 1 and sums with 0': {
    nodes: [
      node('Mul', ['one', 'x'], ['a']),
      node('Div', ['a', 'one'], ['b']),
      node('Sub', ['b', 'zero'], ['c']),
      node('Add', ['c', 'zero'], ['d']),
      relu('d', 'y'),
    ],
    constants: [floats('one', [], [1]), floats('zero', [], [0])],
    after: ['Relu x -> y'],
  },
  'a Concat of one': {
    nodes: [node('Concat', ['x'], ['a'], [makeAttribute('axis', 1)]), relu('a', 'y')],
    after: ['Relu x -> y'],
  },
  'but not what is divided, taken away from zero, or given dims': {
    nodes: [node('Div', ['one', 'x'], ['a']), node('Sub', ['zero', 'a'], ['b']), node('Mul', ['b', 'ones'], ['y'])],
    constants: [floats('one', [], [1]), floats('zero', [], [0]), floats('ones', [1], [1])],
    after: ['Div one x -> a', 'Sub zero a -> b', 'Mul b ones -> y'],
  },
  'but not one between the input and an output': { nodes: [identity('x', 'y')], after: ['Identity x -> y'] },
  'but not one between a constant and an output': {
    nodes: [identity('w', 'y')],
    constants: [floats('w', [2])],
    after: ['Identity w -> y'],
  },
  'but not one between two outputs': {
    nodes: [relu('x', 'a'), identity('a', 'y')],
    outputs: ['a', 'y'],
    after: ['Relu x -> a', 'Identity a -> y'],
  },
  'of two that copy one tensor to two outputs, the first': {
    nodes: [relu('x', 'a'), identity('a', 'y'), identity('a', 'z')],
    outputs: ['y', 'z'],
    after: ['Relu x -> y', 'Identity y -> z'],
  },
  'that is a Dropout': {
    nodes: [node('Dropout', ['x'], ['a']), node('Dropout', ['a', 'half', 'no'], ['b']), relu('b', 'y')],
    constants: [half, no],
    after: ['Relu x -> y'],
  },
  'but not a Dropout whose mask is read': {
    nodes: [
      node('Dropout', ['x'], ['a', 'mask']),
      node('Cast', ['mask'], ['y'], [makeAttribute('to', DataType.FLOAT)]),
      relu('a', 'z'),
    ],
    outputs: ['y', 'z'],
    after: ['Dropout x -> a mask', 'Cast mask -> y', 'Relu a -> z'],
  },
}

describe('removeIdentity removes one', () => {
  it.each(Object.entries(cases))('%s', async (_, { nodes, outputs = ['y'], constants = [], after }) => {
    const proto = model({ nodes, outputs, constants, inputs: { x: [2, 2] } })
    const result = await removeIdentity.apply(proto)
    const lines = result.proto.graph.node.map(
      ({ opType, input, output }) => `${opType} ${input.join(' ')} -> ${output.join(' ')}`,
    )
    expect(lines).toEqual(after)
    expect(result.count).toBe(nodes.length - after.length)
    expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBe(0)
  })

  it('but not a Dropout that trains', async () => {
    const nodes = [node('Dropout', ['x', 'half', 'yes'], ['a']), relu('a', 'y')]
    const proto = model({ nodes, constants: [half, yes] })
    expect(await removeIdentity.apply(proto)).toEqual({ proto, count: 0 })
  })

  it('but not one whose name a subgraph reads', async () => {
    const branch = makeGraph({
      nodes: [relu('a', 'b')],
      inputs: [],
      outputs: [makeValueInfo('b', DataType.FLOAT)],
    })
    const branches = [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]
    const ifNode = node('If', ['no'], ['c'], branches)
    const before = model({ nodes: [identity('x', 'a'), ifNode, identity('c', 'y')], constants: [no] })
    const { proto, count } = await removeIdentity.apply(before)
    expect(count).toBe(1)
    expect(proto.graph.node.map(({ output }) => output)).toEqual([['a'], ['y']])
    expect(largestDifference(await runModel(before), await runModel(proto))).toBe(0)
  })

  it('but does not rename a tensor that a subgraph reads', async () => {
    const branch = makeGraph({ nodes: [relu('a', 'b')], inputs: [], outputs: [makeValueInfo('b', DataType.FLOAT)] })
    const branches = [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]
    const nodes = [relu('x', 'a'), identity('a', 'y'), node('If', ['no'], ['z'], branches)]
    const proto = model({ nodes, constants: [no], outputs: ['y', 'z'] })
    expect(await removeIdentity.apply(proto)).toEqual({ proto, count: 0 })
  })
})
