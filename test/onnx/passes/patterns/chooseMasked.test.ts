import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { chooseMasked } from '../../../../src/onnx/passes/patterns/chooseMasked.js'
import { DataType, type NodeProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

const inputs = { x: [2, 3, 4, 4], m: [2, 4] }
const causal = Array.from({ length: 16 }, (_, at) => (at % 4 > Math.floor(at / 4) ? -1e9 : 0))
const constants = [
  floats('causal', [4, 4], causal),
  floats(
    'infinite',
    [4, 4],
    causal.map((value) => (value === 0 ? 0 : Number.NEGATIVE_INFINITY)),
  ),
  floats(
    'biased',
    [4, 4],
    causal.map((value, i) => (value === 0 ? Math.cos(i) : value)),
  ),
  floats('bias', [3, 1, 4]),
  floats('zero', [1], [0]),
  floats('zeros', [1, 3, 1, 1], [0, 0, 0]),
  floats('one', [], [1]),
  floats('low', [1], [-1e9]),
  longs('axes', [2], [1, 2]),
]
const attention = (mask: string) => [
  node('Add', ['x', mask], ['s'], [], 'add'),
  node('Softmax', ['s'], ['y'], [makeAttribute('axis', -1)], 'softmax'),
]
/** Where m is positive, as a boolean and as an integer for each key. */
const kept = node('Greater', ['m', 'zero'], ['kept'], [], 'kept')
const keptInteger = node('Cast', ['kept'], ['integer'], [makeAttribute('to', DataType.INT64)], 'integer')
const unsqueeze = (from: string, to: string) => node('Unsqueeze', [from, 'axes'], [to], [], to)

describe('chooseMasked', () => {
  it.each<[string, readonly NodeProto[]]>([
    ['a constant', attention('causal')],
    ['a constant of minus infinity', attention('infinite')],
    ['a constant that is a position bias as well', attention('biased')],
    [
      'zeros where a condition holds',
      [kept, node('Where', ['kept', 'zero', 'low'], ['w']), unsqueeze('w', 'u'), ...attention('u')],
    ],
    [
      'zeros where it does not hold',
      [kept, unsqueeze('kept', 'u'), node('Where', ['u', 'low', 'zero'], ['w']), ...attention('w')],
    ],
    [
      'a position bias with a mask',
      [kept, unsqueeze('kept', 'u'), node('Where', ['u', 'bias', 'low'], ['w']), ...attention('w')],
    ],
    [
      'zeros that have dims of their own',
      [kept, unsqueeze('kept', 'u'), node('Where', ['u', 'zeros', 'low'], ['w']), ...attention('w')],
    ],
    [
      'one less an integer, times a low number',
      [
        kept,
        keptInteger,
        unsqueeze('integer', 'u'),
        node('Cast', ['u'], ['real'], [makeAttribute('to', DataType.FLOAT)]),
        node('Sub', ['one', 'real'], ['padding']),
        node('Mul', ['padding', 'low'], ['w']),
        ...attention('w'),
      ],
    ],
    [
      'one less an integer that is moved as a real number, times a low number',
      [
        kept,
        node('Cast', ['kept'], ['real'], [makeAttribute('to', DataType.FLOAT)]),
        unsqueeze('real', 'u'),
        node('Sub', ['one', 'u'], ['padding']),
        node('Mul', ['padding', 'low'], ['w']),
        ...attention('w'),
      ],
    ],
  ])('makes a choice of the addition of %s, with the same shares', async (_what, nodes) => {
    const proto = model({ nodes, constants, inputs })
    const { model: chosen } = await optimize(asModel(proto))
    const types = operators(chosen.proto)
    expect(types.slice(-2)).toEqual(['Where', 'Softmax'])
    expect(types.filter((type) => type === 'Where' || type === 'Mul')).toEqual(['Where'])
    expect(largestDifference(await runModel(proto), await runModel(chosen.proto))).toBeLessThan(1e-6)
  })

  it('asks the condition of a mask that two sums add once', async () => {
    const moved = [kept, node('Where', ['kept', 'zero', 'low'], ['w']), unsqueeze('w', 'u')]
    const second = [node('Add', ['u', 'y'], ['t']), node('Softmax', ['t'], ['z'], [makeAttribute('axis', -1)])]
    const proto = model({ nodes: [...moved, ...attention('u'), ...second], constants, inputs, outputs: ['z'] })
    const { model: chosen } = await optimize(asModel(proto))
    expect(operators(chosen.proto)).toEqual(['Greater', 'Unsqueeze', 'Where', 'Softmax', 'Where', 'Softmax'])
    expect(largestDifference(await runModel(proto), await runModel(chosen.proto))).toBeLessThan(1e-6)
  })

  it.each([
    ['a sum that no Softmax reads', { nodes: [node('Add', ['x', 'causal'], ['y'])] }],
    ['a sum that is an output', { nodes: attention('causal'), outputs: ['y', 's'] }],
    ['a bias', { nodes: attention('bias') }],
    ['a low number alone', { nodes: attention('low') }],
    ['opsets whose Where has no floats', { nodes: attention('causal'), opset: 8 }],
  ])('leaves %s', async (_what, parts) => {
    const proto = model({ constants, inputs, ...parts })
    expect((await chooseMasked.apply(proto)).proto).toBe(proto)
  })
})
