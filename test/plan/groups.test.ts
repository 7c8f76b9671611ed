// Which tensors share a scale, which are observed, which leave the chip.

import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type NodeProto } from '../../src/onnx/types.js'
import type { Plan } from '../../src/plan/types.js'
import { floats, type GraphParts, ints, node, planOf, pointwise } from './fixtures.js'

const axis = makeAttribute('axis', 1)
const window = makeAttribute('kernel_shape', [2, 2])
const a = pointwise('x', 'a')
const b = pointwise('x', 'b')
const constants = [...a.constants, ...b.constants]

const groupsOf = (plan: Plan) =>
  Object.fromEntries(plan.groups.map(({ name, tensors, sources, bits }) => [name, { tensors, sources, bits }]))

it('both ends of a max pool share a scale, and only its input is observed', async () => {
  const after = pointwise('p', 'y')
  const plan = await planOf({
    nodes: [a.node, node('MaxPool', 'a', 'p', window), after.node],
    constants: [...constants, ...after.constants],
  })
  expect(groupsOf(plan).a).toEqual({ tensors: ['a', 'p'], sources: ['a'], bits: 8 })
  expect(plan.observed).toEqual(['x', 'a', 'y'])
})

describe('a concat', () => {
  it('takes in the inputs that nothing else reads, through max pools as well', async () => {
    const nodes = [
      a.node,
      b.node,
      node('MaxPool', 'a', 'p', window),
      node('MaxPool', 'b', 'q', window),
      node('Concat', 'p q', 'y', axis),
    ]
    const plan = await planOf({ nodes, constants })
    expect(groupsOf(plan)).toEqual({
      x: { tensors: ['x'], sources: ['x'], bits: 8 },
      a: { tensors: ['a', 'b', 'p', 'q', 'y'], sources: ['a', 'b'], bits: 8 },
    })
  })

  it('requantizes an input that something else reads, and counts its values', async () => {
    const nodes = [a.node, b.node, node('Concat', 'a b', 'j', axis), node('Add', 'a b', 's')]
    const sum = await planOf({ nodes, constants, outputs: ['j', 's'] })
    expect(groupsOf(sum).j).toEqual({ tensors: ['j'], sources: ['a', 'b'], bits: 16 })
    expect(sum.observed).toEqual(['x', 'a', 'b', 's'])
  })

  it('does not take in an output of the graph', async () => {
    const plan = await planOf({
      nodes: [a.node, b.node, node('Concat', 'a b', 'j', axis)],
      constants,
      outputs: ['a', 'j'],
    })
    expect(groupsOf(plan).b).toEqual({ tensors: ['b', 'j'], sources: ['a', 'b'], bits: 16 })
  })

  it('takes a tensor that it reads twice once', async () => {
    const plan = await planOf({ nodes: [a.node, node('Concat', 'a a', 'y', axis)], constants })
    expect(groupsOf(plan).a).toEqual({ tensors: ['a', 'y'], sources: ['a'], bits: 16 })
  })

  it('does not take in what it shares with an operator that feeds it', async () => {
    const next = pointwise('a', 'n')
    const plan = await planOf({
      nodes: [a.node, next.node, node('Concat', 'n a', 'y', axis)],
      constants: [...constants, ...next.constants],
    })
    expect(groupsOf(plan)).toMatchObject({ a: { tensors: ['a'] }, n: { tensors: ['n', 'y'], sources: ['a', 'n'] } })
  })

  it('of concats is one class', async () => {
    const c = pointwise('x', 'c')
    const nodes = [a.node, b.node, c.node, node('Concat', 'a b', 'j', axis), node('Concat', 'c j', 'y', axis)]
    const plan = await planOf({ nodes, constants: [...constants, ...c.constants] })
    expect(groupsOf(plan).a).toMatchObject({ tensors: ['a', 'b', 'c', 'j', 'y'], sources: ['a', 'b', 'c'] })
  })
})

describe('a tensor leaves the chip wide', () => {
  it('when software or the caller alone read it, reshapes in between or not', async () => {
    const nodes = [
      a.node,
      node('GlobalAveragePool', 'a', 'g'),
      node('Flatten', 'g', 'f'),
      node('Hardmax', 'f', 's'),
      b.node,
    ]
    const plan = await planOf({ nodes, constants, outputs: ['s', 'b'] })
    expect(groupsOf(plan)).toMatchObject({
      a: { bits: 8 },
      g: { tensors: ['g', 'f'], bits: 16 },
      b: { bits: 16 },
    })
  })

  it('when a logarithm reads it, through the norm of a spectrum too, and a concat that others read in 8 bits', async () => {
    const nodes = [
      a.node,
      node('ReduceL2', 'a', 'm', makeAttribute('axes', [1]), makeAttribute('keepdims', 1)),
      node('Log', 'm', 'l'),
      node('Concat', 'm l', 'j', axis),
      node('Conv', 'j w', 'y'),
    ]
    const plan = await planOf({
      nodes,
      constants: [...constants, makeTensor('w', DataType.FLOAT, [1, 2, 1, 1], Float32Array.of(1, -1))],
    })
    expect(groupsOf(plan)).toMatchObject({ a: { bits: 16 }, m: { bits: 16 }, l: { tensors: ['l', 'j'], bits: 8 } })
  })

  it('but not when the chip reads it too', async () => {
    const nodes = [a.node, node('Hardmax', 'a', 's'), node('Sigmoid', 'a', 't')]
    const plan = await planOf({ nodes, constants, outputs: ['s', 't'] })
    expect(groupsOf(plan)).toMatchObject({ a: { bits: 8 }, t: { bits: 16 } })
  })

  it('and reading its dims does not count', async () => {
    const nodes = [a.node, node('Shape', 'a', 'd'), node('Reshape', 'b d', 'y'), b.node]
    const plan = await planOf({ nodes: [a.node, b.node, nodes[1]!, nodes[2]!], constants, outputs: ['a', 'y'] })
    expect(groupsOf(plan).a!.bits).toBe(16)
  })

  it('nor when it is fed to the model or comes from software', async () => {
    const nodes = [node('Hardmax', 'x', 's'), node('MaxPool', 's', 'y', window)]
    expect(groupsOf(await planOf({ nodes })).s).toEqual({ tensors: ['s', 'y'], sources: ['s'], bits: 8 })
  })
})

it('what only software touches has no class', async () => {
  const plan = await planOf({
    nodes: [node('Hardmax', 'x', 's'), node('Hardmax', 's', 't'), node('Conv', 't w', 'y')],
    constants: [floats('w', [4, 4, 1, 1])],
  })
  expect([...plan.groupOf.keys()]).toEqual(['t', 'y'])
})

it('classes and observed tensors are in graph order', async () => {
  const nodes = [b.node, a.node, node('Reshape', 'b shape', 'r'), node('Add', 'a r', 'y')]
  const plan = await planOf({ nodes, constants: [...constants, ints('shape', [1, 4, 8, 8])] })
  expect(plan.groups.map(({ name }) => name)).toEqual(['x', 'b', 'a', 'y'])
  expect(plan.observed).toEqual(['x', 'b', 'a', 'y'])
})

describe('the output of a unary operator', () => {
  const gate = (...chain: string[]) => [
    a.node,
    b.node,
    ...chain.map((line) => node(...(line.split(' ') as [string, string, string]))),
  ]

  it("is derived where the function is gentle: its histogram is the image of its input's", async () => {
    const plan = await planOf({ nodes: [...gate('Sigmoid a s', 'Tanh s t'), node('Mul', 'b t', 'y')], constants })
    expect(plan.observed).toEqual(['x', 'a', 'b', 'y'])
    expect([...plan.derived].map(([name, { of }]) => [name, of])).toEqual([['t', ['a']]])
  })

  it('is observed where the function is steep or has a pole', async () => {
    const plan = await planOf({ nodes: [...gate('Exp a e', 'Reciprocal e r'), node('Mul', 'b r', 'y')], constants })
    expect(plan.observed).toEqual(['x', 'a', 'b', 'r', 'y'])
    expect(plan.derived.size).toBe(0)
  })
})

describe('-uis gives one scale to what joins, although others read the inputs as well:', () => {
  const others = [node('Sigmoid', 'a', 's'), node('Sigmoid', 'b', 't')]
  const graph = (nodes: readonly NodeProto[], more: Partial<GraphParts> = {}): GraphParts => ({
    nodes: [a.node, b.node, ...others, ...nodes],
    constants,
    outputs: ['y', 's', 't'],
    ...more,
  })
  const stack = graph(
    [
      node('Unsqueeze', 'a zero', 'c'),
      node('Unsqueeze', 'b zero', 'd'),
      node('Concat', 'c d', 'y', makeAttribute('axis', 0)),
    ],
    { constants: [...constants, ints('zero', [0])] },
  )
  /** Places 0 and 2 of the channels. */
  const indices = makeTensor('i', DataType.INT64, [2, 2], BigInt64Array.of(0n, 0n, 0n, 2n))
  const scatter: GraphParts = {
    nodes: [a.node, node('Relu', 'u', 'b'), ...others, node('ScatterND', 'a i b', 'y')],
    constants: [...a.constants, indices],
    inputs: { x: [1, 4, 8, 8], u: [2, 8, 8] },
    outputs: ['y', 's', 't'],
  }

  it.each<[string, GraphParts]>([
    ['Concat', graph([node('Concat', 'a b', 'y', axis)])],
    ['a Stack, which is Unsqueeze and Concat', stack],
    ['ScatterND', scatter],
  ])('%s', async (_, parts) => {
    const scales = async (unifyInputs: boolean) => {
      const { groupOf } = await planOf(parts, { unifyInputs })
      return new Set(['a', 'b', 'y'].map((name) => groupOf.get(name))).size
    }
    expect(await scales(true)).toBe(1)
    expect(await scales(false)).toBe(3)
  })
})
