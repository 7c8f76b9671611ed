import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { foldIf } from '../../../../src/onnx/passes/controlFlow/foldIf.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import { DataType } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

const outputs = (...names: string[]) => names.map((name) => makeValueInfo(name, DataType.FLOAT))

/** Both branches use the names `s` and `k` for tensors of their own, and have nodes of one name. */
const taken = makeGraph({
  nodes: [node('Add', ['r', 'k'], ['s'], [], 'first'), node('Mul', ['s', 's'], ['a'])],
  initializers: [floats('k', [1], [2])],
  inputs: [],
  outputs: outputs('a', 'k'),
})
const other = makeGraph({
  nodes: [node('Neg', ['r'], ['s'], [], 'first'), node('Neg', ['s'], ['b'])],
  initializers: [floats('k', [1], [3])],
  inputs: [],
  outputs: outputs('b', 'k'),
})
const branches = [makeAttribute('then_branch', taken), makeAttribute('else_branch', other)]
const condition = (value: number) => makeTensor('q', DataType.BOOL, [], Uint8Array.of(value))

function branching(value: number) {
  return model({
    nodes: [node('Relu', ['x'], ['r'], [], 'first'), node('If', ['q'], ['y', 'z'], branches)],
    constants: [condition(value)],
    outputs: ['y', 'z'],
  })
}

describe('foldIf', () => {
  it.each([1, 0])(
    'puts the branch taken in its place, under names that nothing else has (condition %i)',
    async (value) => {
      const proto = branching(value)
      const { proto: folded, count } = await foldIf.apply(proto)
      expect(count).toBe(1)
      expect(operators(folded)).toEqual(['Relu', ...(value === 1 ? ['Add', 'Mul'] : ['Neg', 'Neg']), 'Identity'])
      expect(largestDifference(await runModel(proto), await runModel(folded))).toBe(0)
    },
  )

  it('gives other passes convolutions whose weights are constants, though the branch has them as nodes', async () => {
    const weights = makeAttribute('value', floats('', [5, 3, 1, 1]))
    const inner = makeGraph({
      nodes: [node('Constant', [], ['w'], [weights]), node('Conv', ['r', 'w'], ['a'])],
      inputs: [],
      outputs: outputs('a'),
    })
    const both = [makeAttribute('then_branch', inner), makeAttribute('else_branch', inner)]
    const nodes = [node('Relu', ['x'], ['r']), node('If', ['q'], ['y'], both)]
    const { model: optimized } = await optimize(asModel(model({ nodes, constants: [condition(1)] })))
    expect(operators(optimized.proto)).toEqual(['Relu', 'Conv'])
  })

  it('leaves a condition that is computed', async () => {
    const proto = model({
      nodes: [node('Relu', ['x'], ['r']), node('If', ['c'], ['y', 'z'], branches)],
      inputs: { x: [1, 3, 4, 4], c: [] },
      outputs: ['y', 'z'],
    })
    expect((await foldIf.apply(proto)).proto).toBe(proto)
  })

  it('follows a condition that follows from dims', async () => {
    const proto = model({
      nodes: [
        node('Relu', ['x'], ['r']),
        node('Shape', ['r'], ['d']),
        node('Gather', ['d', 'one'], ['n']),
        node('Equal', ['n', 'three'], ['q']),
        node('If', ['q'], ['y', 'z'], branches),
      ],
      constants: [longs('one', [], [1]), longs('three', [], [3])],
      outputs: ['y', 'z'],
    })
    const { model: optimized, log } = await optimize(asModel(proto))
    expect(operators(optimized.proto).slice(0, 3)).toEqual(['Relu', 'Add', 'Mul'])
    expect(log).toContain('If nodes of a constant condition replaced by their branch: 1')
    expect(largestDifference(await runModel(proto), await runModel(optimized.proto))).toBe(0)
  })
})
