import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { mergeConvolutions } from '../../../../src/onnx/passes/folding/mergeConvolutions.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import type { NodeProto } from '../../../../src/onnx/types.js'
import { floats, largestDifference, model, node, operators, runModel } from '../../models.js'

const inputs = { x: [1, 4, 9, 8] }
const conv = (output: string, weights: string, attributes: Record<string, readonly number[] | number> = {}) =>
  node(
    'Conv',
    ['x', weights],
    [output],
    Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
    output,
  )
const constants = [
  ...[floats('w3', [4, 4, 3, 3]), floats('w1', [4, 4, 1, 1]), floats('d3', [4, 1, 3, 3]), floats('d1', [4, 1, 1, 1])],
  ...[floats('w13', [4, 4, 1, 3]), floats('w31', [4, 4, 3, 1]), floats('b', [4])],
]
const padded = { pads: [1, 1, 1, 1] }
const made = (nodes: readonly NodeProto[], outputs?: string[]) =>
  model({ inputs, nodes, constants, ...(outputs && { outputs }) })

describe('convolutions of one tensor that are added', () => {
  it('become one, a normalization beside them a term of the sum that is left', async () => {
    const normalized = node('BatchNormalization', ['x', 'b', 'b', 'b', 'one'], ['n'])
    const nodes = [conv('c', 'w1'), normalized, node('Add', ['c', 'n'], ['cn']), conv('d', 'w3', padded)]
    const one = floats('one', [4], [1, 1, 1, 1])
    const proto = model({ inputs, nodes: [...nodes, node('Add', ['cn', 'd'], ['y'])], constants: [...constants, one] })
    const { proto: merged } = (await optimize({ proto, path: '', hash: '' })).model
    expect(operators(merged).sort()).toEqual(['BatchNormalization', 'Conv', 'Sum'])
    expect(largestDifference(await runModel(proto), await runModel(merged))).toBeLessThan(1e-5)
  })

  it.each([
    [
      'depthwise ones with a stride',
      [conv('c', 'd3', { ...padded, group: 4, strides: [2, 2] }), conv('d', 'd1', { group: 4, strides: [2, 2] })],
    ],
    ['dilated ones', [conv('c', 'w3', { pads: [2, 2, 2, 2], dilations: [2, 2] }), conv('d', 'w1')]],
    [
      'windows that reach to one side',
      [conv('c', 'w3', { pads: [2, 0, 0, 2] }), conv('d', 'w13', { pads: [0, 0, 0, 2] })],
    ],
  ])('become one: %s', async (_what, branches) => {
    const proto = made([...branches, node('Add', ['c', 'd'], ['y'])])
    const { proto: merged } = (await optimize({ proto, path: '', hash: '' })).model
    expect(operators(merged)).toEqual(['Conv'])
    expect(largestDifference(await runModel(proto), await runModel(merged))).toBeLessThan(1e-5)
  })

  const two = [conv('c', 'w1'), conv('d', 'w3', padded)]
  it.each([
    ['one that is read elsewhere', [...two, node('Add', ['c', 'd'], ['s']), node('Mul', ['s', 'c'], ['y'])], ['y']],
    ['one that is an output', [...two, node('Add', ['c', 'd'], ['y'])], ['y', 'c']],
    ['one that is added to itself', [conv('c', 'w1'), node('Add', ['c', 'c'], ['y'])], ['y']],
    [
      'windows neither of which holds the other',
      [
        conv('c', 'w13', { pads: [0, 1, 0, 1] }),
        conv('d', 'w31', { pads: [1, 0, 1, 0] }),
        node('Add', ['c', 'd'], ['y']),
      ],
      ['y'],
    ],
    [
      'other strides',
      [conv('c', 'w3', { ...padded, strides: [9, 8] }), conv('d', 'w1'), node('Add', ['c', 'd'], ['y'])],
      ['y'],
    ],
    [
      'an output that broadcasts',
      [
        conv('c', 'w3', { pads: [0, 1, 0, 1], strides: [7, 1] }),
        conv('d', 'w1', { strides: [7, 1] }),
        node('Add', ['c', 'd'], ['y']),
      ],
      ['y'],
    ],
    ['groups', [conv('c', 'd3', { ...padded, group: 4 }), conv('d', 'w1'), node('Add', ['c', 'd'], ['y'])], ['y']],
    [
      'convolutions of other tensors',
      [...two, node('Conv', ['c', 'w1'], ['e']), node('Add', ['e', 'd'], ['y'])],
      ['y'],
    ],
  ])('stay as they are: %s', (_what, nodes, outputs) => {
    const proto = made(nodes, outputs)
    expect(mergeConvolutions.apply(proto)).toEqual({ proto, count: 0 })
  })
})
