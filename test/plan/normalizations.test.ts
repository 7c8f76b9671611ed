// Normalizations, as nodes of their own and written out as their formulas, are one operator each.

import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import type { NodeProto } from '../../src/onnx/types.js'
import type { PlannedNormalization } from '../../src/operators/normalization/plan.js'
import { floats, ints, kinds, node, planOf } from './fixtures.js'

const axes = (...values: number[]) => makeAttribute('axes', values)
const mean = (from: string, to: string, ...along: number[]) => node('ReduceMean', from, to, axes(...along))

const constants = [
  floats('two', [], [2]),
  floats('e', [], [0.001]),
  floats('tiny', [], [1e-12]),
  floats('g', [8], [1, 2, 3, 4, 5, 6, 7, 8]),
  floats('b', [8]),
  floats('gc', [3, 1]),
  floats('half', [], [-0.5]),
]

const inputs = { x: [2, 3, 8] }
const plan = (nodes: readonly NodeProto[], more: object = {}) =>
  planOf({ nodes: [node('Sigmoid', 'x', 'a'), ...nodes], constants, inputs, opset: 17, ...more })

async function normalizationIn(nodes: readonly NodeProto[], more: object = {}): Promise<PlannedNormalization> {
  const { operators } = await plan(nodes, more)
  expect(operators.map(({ kind }) => kind)).toEqual(['lut', 'normalization'])
  expect(operators[1]!.outputs).toEqual(['y'])
  return operators[1] as PlannedNormalization
}

const layer = [
  mean('a', 'm', -1),
  node('Sub', 'a m', 'd'),
  node('Pow', 'd two', 's'),
  mean('s', 'v', -1),
  node('Add', 'v e', 'w'),
  node('Sqrt', 'w', 'r'),
]
const division = node('Div', 'd r', 'y')

describe('a layer normalization written out', () => {
  it('is a normalization with its factor, offset and Relu', async () => {
    const nodes = [
      ...layer,
      node('Div', 'd r', 'n'),
      node('Mul', 'n g', 'f'),
      node('Add', 'f b', 'o'),
      node('Relu', 'o', 'y'),
    ]
    const { epsilon, length, axes, centered, factor, offset, clamp } = await normalizationIn(nodes)
    expect({ epsilon, length, axes, centered }).toEqual({
      epsilon: Math.fround(0.001),
      length: 8,
      axes: [-1],
      centered: true,
    })
    expect([factor.data[7], offset.data[0], clamp?.low]).toEqual([8, 1, 0])
  })

  it('may have an integer for the exponent', async () => {
    const square = layer.with(2, node('Pow', 'd integer', 's'))
    await normalizationIn([...square, division], { constants: [...constants, ints('integer', [2])] })
  })

  it('over the channels, with two differences, a product as square and a reciprocal root, too', async () => {
    const nodes = [
      mean('a', 'm', 1),
      node('Sub', 'a m', 'd'),
      node('Sub', 'a m', 'd2'),
      node('Mul', 'd2 d2', 's'),
      mean('s', 'v', 1),
      node('Add', 'v e', 'w'),
      node('Sqrt', 'w', 'r'),
      node('Reciprocal', 'r', 'i'),
      node('Mul', 'd i', 'n'),
      node('Mul', 'n gc', 'y'),
    ]
    const { axes, length, factor } = await normalizationIn(nodes)
    expect({ axes, length, dims: factor.dims }).toEqual({ axes: [-2], length: 3, dims: [3, 1] })
  })

  it.each<[string, readonly NodeProto[], object]>([
    ['something else reads the differences', [...layer, division, node('Neg', 'd', 'z')], { outputs: ['y', 'z'] }],
    ['the variance is an output', [...layer, division], { outputs: ['y', 'v'] }],
    ['the variance is of other rows', [...layer.with(3, mean('s', 'v', 1)), division], {}],
    ['the mean is of another tensor', [...layer.with(0, mean('x', 'm', -1)), division], {}],
    ['another tensor is divided', [...layer, node('Div', 'a r', 'y')], {}],
    ['the root divides nothing', [...layer, node('Div', 'r d', 'y')], {}],
  ])('is none where %s', async (_, nodes, more) => {
    // From the square on, it may still be one that keeps the mean.
    const { operators } = await plan(nodes, more)
    expect(operators).not.toContainEqual(expect.objectContaining({ kind: 'normalization', centered: true }))
  })

  it('does not take up a factor that makes its output larger', async () => {
    const large = [...layer, node('Div', 'd r', 'n'), node('Mul', 'n large', 'y')]
    const made = await plan(large, { constants: [...constants, floats('large', [5, 1, 1, 1])] })
    expect(kinds(made)).toEqual(['lut', 'normalization', 'affine'])
  })
})

describe('a layer normalization as TensorFlow writes it out', () => {
  const nodes = [
    mean('a', 'm', -1),
    node('Sub', 'a m', 'd'),
    node('Mul', 'd d', 's'),
    mean('s', 'v', -1),
    node('Add', 'v e', 'w'),
    node('Sqrt', 'w', 'r'),
    node('Reciprocal', 'r', 'i'),
    node('Mul', 'i g', 'k'),
    node('Mul', 'a k', 'f'),
    node('Mul', 'm k', 'h'),
    node('Sub', 'b h', 't'),
    node('Add', 'f t', 'y'),
  ]

  it('is one with its factor and offset', async () => {
    const { centered, axes, factor, offset } = await normalizationIn(nodes)
    expect({ centered, axes, g: factor.data[7], b: offset.data[0] }).toEqual({ centered: true, axes: [-1], g: 8, b: 1 })
  })

  it('is one without them', async () => {
    const plain = [...nodes.slice(0, 7), node('Mul', 'a i', 'f'), node('Mul', 'i m', 'h'), node('Sub', 'f h', 'y')]
    const { factor, offset } = await normalizationIn(plain)
    expect([...factor.data, ...offset.data]).toEqual([1, 0])
  })

  it.each<[string, readonly NodeProto[], readonly string[]]>([
    ['the mean is an output', nodes, ['y', 'm']],
    ['something else reads the factor', [...nodes, node('Neg', 'k', 'z')], ['y', 'z']],
    ['another tensor is shifted', nodes.with(9, node('Mul', 'v k', 'h')), ['y']],
  ])('is none where %s', async (_, changed, outputs) => {
    const { operators } = await plan(changed, { outputs })
    expect(operators).not.toContainEqual(expect.objectContaining({ kind: 'normalization', centered: true }))
  })
})

it('an InstanceNormalization has its constants along the channels', async () => {
  const nodes = [node('InstanceNormalization', 'a gi bi', 'y')]
  const along = { constants: [floats('gi', [3]), floats('bi', [3])], inputs: { x: [2, 3, 8, 8] } }
  expect(await normalizationIn(nodes, along)).toMatchObject({ axes: [-2, -1], length: 64, factor: { dims: [3, 1, 1] } })
})

it('a root mean square normalization written out is one that keeps the mean', async () => {
  const nodes = [
    node('Pow', 'a two', 's'),
    mean('s', 'v', -1),
    node('Add', 'v e', 'w'),
    node('Pow', 'w half', 'i'),
    node('Mul', 'a i', 'n'),
    node('Mul', 'g n', 'y'),
  ]
  const { axes, centered, unit, factor } = await normalizationIn(nodes)
  expect({ axes, centered, unit, g: factor.data[1] }).toEqual({ axes: [-1], centered: false, unit: 1, g: 2 })
})

describe('division by the Euclidean norm', () => {
  const whole = { axes: [-1], length: 8, centered: false, unit: 1 / Math.sqrt(8) }

  it('is a normalization where it is written out as torch does', async () => {
    const nodes = [
      node('ReduceL2', 'a', 'l', axes(-1)),
      node('Clip', 'l tiny', 'c'),
      node('Shape', 'a', 'shape'),
      node('Expand', 'c shape', 'x2'),
      node('Div', 'a x2', 'y'),
    ]
    const made = await plan(nodes)
    expect(made.operators.find(({ kind }) => kind === 'normalization')).toMatchObject(whole)
  })

  it('is one as LpNormalization', async () => {
    expect(await normalizationIn([node('LpNormalization', 'a', 'y')])).toMatchObject(whole)
  })

  it('is one as a sum of squares under a root', async () => {
    const nodes = [
      node('Mul', 'a a', 's'),
      node('ReduceSum', 's last', 'v'),
      node('Sqrt', 'v', 'r'),
      node('Div', 'a r', 'y'),
    ]
    expect(await normalizationIn(nodes, { constants: [...constants, ints('last', [-1])] })).toMatchObject(whole)
  })

  it('is none where the least norm is not tiny', async () => {
    const nodes = [node('ReduceL2', 'a', 'l', axes(-1)), node('Max', 'l e', 'c'), node('Div', 'a c', 'y')]
    expect(kinds(await plan(nodes))).not.toContain('normalization')
  })
})
