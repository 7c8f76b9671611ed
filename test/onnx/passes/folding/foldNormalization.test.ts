import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { foldNormalization } from '../../../../src/onnx/passes/folding/foldNormalization.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import type { NodeProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, model, node, operators, runModel } from '../../models.js'

const conv = (attributes: Record<string, number | readonly number[] | string>, from = 'n', to = 'y') =>
  node(
    'Conv',
    [from, 'w', 'b'],
    [to],
    Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
    `conv_${to}`,
  )
const weights = [floats('w', [4, 3, 3, 3]), floats('b', [4])]
const perChannel = [floats('mean', [3, 1, 1], [104, 117, 123]), floats('std', [3, 1, 1], [58, 57, 56])]
const single = [floats('mean', [], [127.5]), floats('std', [1], [64])]
const normalize = [node('Sub', ['x', 'mean'], ['s']), node('Div', ['s', 'std'], ['n'])]

async function folded(parts: Parameters<typeof model>[0]) {
  const proto = model(parts)
  const { model: result } = await optimize(asModel(proto))
  expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBeLessThan(1e-5)
  return operators(result.proto)
}

describe('the normalization of an input', () => {
  it('moves into a convolution that does not pad', async () => {
    expect(await folded({ nodes: [...normalize, conv({})], constants: [...weights, ...perChannel] })).toEqual(['Conv'])
  })

  it('becomes one Pad with the mean where all channels have the same', async () => {
    const nodes = [...normalize, conv({ pads: [1, 1, 0, 1] })]
    expect(await folded({ nodes, constants: [...weights, ...single] })).toEqual(['Pad', 'Conv'])
  })

  it.each([9, 13, 18])('becomes a Pad a channel where they differ, in opset %i', async (opset) => {
    const nodes = [...normalize, conv({ pads: [1, 1, 1, 1], strides: [2, 2] })]
    const found = await folded({ nodes, constants: [...weights, ...perChannel], opset })
    expect(found).toEqual(['Split', 'Pad', 'Pad', 'Pad', 'Concat', 'Conv'])
  })

  it('that only scales leaves the padding to the convolution', async () => {
    const nodes = [node('Mul', ['std', 'x'], ['n']), conv({ pads: [1, 1, 1, 1] })]
    expect(await folded({ nodes, constants: [...weights, ...perChannel] })).toEqual(['Conv'])
  })

  it('moves into all convolutions that read it, which share the padded input', async () => {
    const nodes = [...normalize, conv({ pads: [1, 1, 1, 1] }), conv({ pads: [1, 1, 1, 1] }, 'n', 'z')]
    const found = await folded({ nodes, constants: [...weights, ...single], outputs: ['y', 'z'] })
    expect(found).toEqual(['Pad', 'Conv', 'Conv'])
  })

  it('moves into a depthwise convolution, channel by channel, behind a Transpose of the input', async () => {
    const transpose = node('Transpose', ['x'], ['t'], [makeAttribute('perm', [0, 3, 1, 2])])
    const nodes = [
      transpose,
      node('Mul', ['t', 'std'], ['m']),
      node('Sub', ['mean', 'm'], ['n']),
      node('Conv', ['n', 'd'], ['y'], [makeAttribute('group', 3), makeAttribute('pads', [0, 1, 1, 0])]),
    ]
    const constants = [...perChannel, floats('d', [6, 1, 2, 2])]
    const found = await folded({ nodes, constants, inputs: { x: [1, 4, 5, 3] } })
    expect(found).toEqual(['Transpose', 'Split', 'Pad', 'Pad', 'Pad', 'Concat', 'Conv'])
  })

  it.each<[string, NodeProto[], number]>([
    ['of a tensor that is no input', [node('Relu', ['x'], ['r']), node('Sub', ['r', 'mean'], ['n']), conv({})], 3],
    ['that something else reads', [...normalize, conv({}), node('Relu', ['n'], ['z'])], 3],
    ['with a factor of zero', [node('Mul', ['x', 'zero'], ['n']), conv({})], 3],
    ['before padding that depends on the size', [...normalize, conv({ auto_pad: 'SAME_UPPER' })], 3],
    ['of more channels than there would be Pads for', [...normalize, conv({ pads: [1, 1, 1, 1] })], 5],
  ])('%s stays', (_case, nodes, channels) => {
    const many = Array.from({ length: channels }, (_, c) => 100 + c)
    const constants = [
      ...[floats('mean', [channels, 1, 1], many), floats('std', [channels, 1, 1], many), floats('zero', [1], [0])],
      ...[floats('w', [4, channels, 3, 3]), floats('b', [4])],
    ]
    const proto = model({ nodes, constants, inputs: { x: [1, channels, 4, 4] } })
    expect(foldNormalization.apply(proto)).toEqual({ proto, count: 0 })
  })

  it('takes in the 128 that signed bytes are short of, all but the first Sub', async () => {
    const nodes = [
      node('Sub', ['x', 'half'], ['signed']),
      node('Add', ['signed', 'half'], ['whole']),
      node('Sub', ['whole', 'mean'], ['s']),
      node('Div', ['s', 'std'], ['n']),
      conv({}),
    ]
    const constants = [...weights, ...perChannel, floats('half', [], [128])]
    expect(await folded({ nodes, constants })).toEqual(['Sub', 'Conv'])
  })
})
