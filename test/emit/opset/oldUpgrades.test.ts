// Operators as opsets 1 to 6 had them: in opset 7 they compute what the form beside them does, which was written by hand.

import { describe, expect, it } from 'vitest'
import { convertOpset } from '../../../src/emit/opset/convertOpset.js'
import { makeAttribute as a } from '../../../src/onnx/attribute.js'
import { opsetOf } from '../../../src/onnx/model.js'
import type { NodeProto } from '../../../src/onnx/types.js'
import { floats, largestDifference, longs, model, node, runModel } from '../../onnx/models.js'

const channels = [0.5, -1, 2]
const constants = [
  ...[floats('c', [3], channels), floats('c_wide', [3, 1, 1], channels), floats('last', [4]), floats('row', [48, 3])],
  ...[floats('ones', [3], [1, 1, 1]), longs('flat', [2], [1, -1]), longs('four', [4], [1, 3, 4, 4])],
]
const flat = (type: string, rest: string[], attributes: NodeProto['attribute'] = []) => [
  node('Reshape', ['x', 'flat'], ['f']),
  node(type, ['f', ...rest], ['y'], attributes),
]

const cases: Readonly<Record<string, readonly [opset: number, old: readonly NodeProto[], now: readonly NodeProto[]]>> =
  {
    'Add from an axis on': [
      6,
      [node('Add', ['x', 'c'], ['y'], [a('broadcast', 1), a('axis', 1)])],
      [node('Add', ['x', 'c_wide'], ['y'])],
    ],
    'Mul along the last axis': [
      6,
      [node('Mul', ['x', 'last'], ['y'], [a('broadcast', 1)])],
      [node('Mul', ['x', 'last'], ['y'])],
    ],
    'Sub at the last axis': [
      6,
      [node('Sub', ['x', 'last'], ['y'], [a('broadcast', 1), a('axis', 3)])],
      [node('Sub', ['x', 'last'], ['y'])],
    ],
    'PRelu with a slope a channel': [6, [node('PRelu', ['x', 'c'], ['y'])], [node('PRelu', ['x', 'c_wide'], ['y'])]],
    Relu: [1, [node('Relu', ['x'], ['y'], [a('consumed_inputs', [0])])], [node('Relu', ['x'], ['y'])]],
    BatchNormalization: [
      1,
      [
        node(
          'BatchNormalization',
          ['x', 'c', 'c', 'c', 'ones'],
          ['y'],
          [a('consumed_inputs', [0, 0, 0, 1, 1]), a('is_test', 1)],
        ),
      ],
      [node('BatchNormalization', ['x', 'c', 'c', 'c', 'ones'], ['y'])],
    ],
    Dropout: [6, [node('Dropout', ['x'], ['y'], [a('is_test', 1)])], [node('Identity', ['x'], ['y'])]],
    Cast: [5, [node('Cast', ['x'], ['y'], [a('to', 'FLOAT')])], [node('Identity', ['x'], ['y'])]],
    Concat: [1, [node('Concat', ['x', 'x'], ['y'])], [node('Concat', ['x', 'x'], ['y'], [a('axis', 1)])]],
    Reshape: [1, [node('Reshape', ['x'], ['y'], [a('shape', [1, -1])])], [node('Reshape', ['x', 'flat'], ['y'])]],
    Pad: [
      1,
      [node('Pad', ['x'], ['y'], [a('paddings', [0, 0, 1, 0, 0, 0, 0, 2])])],
      [node('Pad', ['x'], ['y'], [a('pads', [0, 0, 1, 0, 0, 0, 0, 2])])],
    ],
    Gemm: [6, [...flat('Gemm', ['row', 'c'], [a('broadcast', 1)])], [...flat('Gemm', ['row', 'c'])]],
    LpPool: [
      1,
      [node('LpPool', ['x'], ['y'], [a('p', { float: 2 }), a('kernel_shape', [2, 2])])],
      [node('LpPool', ['x'], ['y'], [a('p', 2), a('kernel_shape', [2, 2])])],
    ],
    Upsample: [
      1,
      [node('Upsample', ['x'], ['y'], [a('height_scale', { float: 2 }), a('width_scale', { float: 3 })])],
      [node('Upsample', ['x'], ['y'], [a('scales', { floats: [1, 1, 2, 3] })])],
    ],
  }

describe('operators of old opsets', () => {
  it.each(Object.entries(cases))('%s', async (_, [opset, old, now]) => {
    const raised = convertOpset(model({ nodes: old, constants, opset }), 7, [])
    expect(opsetOf(raised)).toBe(7)
    const by = await runModel(raised)
    expect(largestDifference(await runModel(model({ nodes: now, constants, opset: 7 })), by)).toBe(0)
  })

  it('that have no later form are named', () => {
    const nodes = [
      node('Tile', ['x', 'four', 'four'], ['t'], [], 'repeat'),
      node('Add', ['t', 't'], ['s']),
      node('Add', ['x', 's'], ['y'], [a('broadcast', 1), a('axis', 1)], 'sum'),
    ]
    expect(() => convertOpset(model({ nodes, constants, opset: 5 }), 7, [])).toThrow(
      /opset is 5.*\n *Tile "repeat": it has another meaning before opset 6\n *Add "sum": how many axes/,
    )
  })
})
