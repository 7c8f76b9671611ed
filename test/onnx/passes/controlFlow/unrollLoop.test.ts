// A Loop of a constant number of steps computes the same as its steps one behind another.

import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { unrollLoop } from '../../../../src/onnx/passes/controlFlow/unrollLoop.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import { DataType } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

const boolean = (name: string, value: boolean) => makeTensor(name, DataType.BOOL, [], Uint8Array.of(Number(value)))

/** h = tanh(h w + x + number of the step); each step shows h + k. */
const body = (goesOn: string) =>
  makeGraph({
    nodes: [
      node('Identity', ['c'], ['cond'], [], 'first'),
      node('Constant', [], ['yes'], [makeAttribute('value', boolean('', true))]),
      node('Greater', ['h', 'k'], ['small']),
      node('MatMul', ['h', 'w'], ['p'], [], 'product'),
      node('Cast', ['i'], ['number'], [makeAttribute('to', DataType.FLOAT)]),
      node('Add', ['p', 'number'], ['q']),
      node('Add', ['q', 'r'], ['s']),
      node('Tanh', ['s'], ['next']),
      node('Add', ['next', 'k'], ['shown']),
      node('Cast', ['small'], ['small0'], [makeAttribute('to', DataType.FLOAT)]),
      node('ReduceMax', ['small0'], ['any'], [makeAttribute('keepdims', 0)]),
      node('Cast', ['any'], ['computed'], [makeAttribute('to', DataType.BOOL)]),
    ],
    initializers: [floats('k', [1], [2])],
    inputs: [
      makeValueInfo('i', DataType.INT64, []),
      makeValueInfo('c', DataType.BOOL, []),
      makeValueInfo('h', DataType.FLOAT, [2, 4]),
    ],
    outputs: [
      makeValueInfo(goesOn, DataType.BOOL),
      makeValueInfo('next', DataType.FLOAT),
      makeValueInfo('shown', DataType.FLOAT),
    ],
  })

function looping(trips: readonly number[] | undefined, goesOn: string, opset: number) {
  return model({
    nodes: [
      node('Relu', ['x'], ['r'], [], 'first'),
      node(
        'Loop',
        [trips === undefined ? '' : 'n', 'start', 'r'],
        ['last', 'all'],
        [makeAttribute('body', body(goesOn))],
      ),
      node('Neg', ['last'], ['y']),
    ],
    constants: [boolean('start', true), floats('w', [4, 4]), ...(trips ? [longs('n', [], trips)] : [])],
    inputs: { x: [2, 4] },
    outputs: ['y', 'all'],
    opset,
  })
}

describe('unrollLoop', () => {
  it.each([
    ['cond', 11],
    ['yes', 17],
  ])('writes the steps out (goes on by %s, opset %i)', async (goesOn, opset) => {
    const proto = looping([3], goesOn, opset)
    const { proto: unrolled, count } = await unrollLoop.apply(proto)
    expect(count).toBe(1)
    expect(operators(unrolled).filter((type) => type === 'MatMul')).toHaveLength(3)
    expect(unrolled.graph.initializer.filter(({ name }) => /^k/.test(name))).toHaveLength(1)
    expect(largestDifference(await runModel(proto), await runModel(unrolled))).toBe(0)
  })

  it('leaves nothing that is not an operator of the chip', async () => {
    const { model: optimized } = await optimize(asModel(looping([2], 'cond', 17)))
    const types = new Set(operators(optimized.proto))
    expect(types).toEqual(new Set(['Relu', 'MatMul', 'Add', 'Tanh', 'Neg', 'Unsqueeze', 'Concat']))
  })

  // As TensorFlow writes a while loop: it ends once a counter has reached a limit, of the step or of a constant around.
  it.each([undefined, [2 ** 31 - 1], [3]])(
    'writes the steps of a Loop out that counters end (at most %s)',
    async (trips) => {
      const counted = makeGraph({
        nodes: [
          node('Add', ['counter', 'one'], ['next_counter']),
          node('Mul', ['next_counter', 'one'], ['same']),
          node('Less', ['same', 'limit'], ['below']),
          node('And', ['below', 'c'], ['goes_on']),
          node('Cast', ['counter'], ['number'], [makeAttribute('to', DataType.FLOAT)]),
          node('MatMul', ['h', 'w'], ['p']),
          node('Add', ['p', 'number'], ['next']),
          node('Tanh', ['next'], ['shown']),
        ],
        initializers: [longs('one', [], [1])],
        inputs: [
          makeValueInfo('i', DataType.INT64, []),
          makeValueInfo('c', DataType.BOOL, []),
          makeValueInfo('h', DataType.FLOAT, [2, 4]),
          makeValueInfo('counter', DataType.INT64, []),
        ],
        outputs: [
          makeValueInfo('goes_on', DataType.BOOL, []),
          makeValueInfo('next', DataType.FLOAT),
          makeValueInfo('next_counter', DataType.INT64, []),
          makeValueInfo('shown', DataType.FLOAT),
        ],
      })
      const inputs = [...(trips === undefined ? ['', 'start'] : ['n', '']), 'x', 'first']
      const proto = model({
        nodes: [
          node('Loop', inputs, ['last', 'end', 'all'], [makeAttribute('body', counted)]),
          node('Neg', ['last'], ['y']),
        ],
        constants: [
          ...[floats('w', [4, 4]), longs('first', [], [1]), longs('limit', [], [5]), boolean('start', true)],
          ...(trips ? [longs('n', [], trips)] : []),
        ],
        inputs: { x: [2, 4] },
        outputs: ['y', 'all'],
        opset: 17,
      })
      const { proto: unrolled } = await unrollLoop.apply(proto)
      const steps = operators(unrolled).filter((type) => type === 'MatMul')
      expect(steps).toHaveLength(trips?.[0] === 3 ? 3 : 4)
      expect(largestDifference(await runModel(proto), await runModel(unrolled))).toBe(0)
    },
  )

  it.each<[string, readonly number[] | undefined, string]>([
    ['data say when it ends', [3], 'computed'],
    ['no number of steps is given', undefined, 'computed'],
    ['there are no steps', [0], 'cond'],
    ['there are too many', [100_000], 'cond'],
  ])('leaves a Loop where %s', async (_, trips, goesOn) => {
    const proto = looping(trips, goesOn, 17)
    expect((await unrollLoop.apply(proto)).proto).toBe(proto)
  })
})
