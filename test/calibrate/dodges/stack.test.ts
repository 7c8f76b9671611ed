import { describe, expect, it } from 'vitest'
import { forSeveral, type Stackable, samplesToStack, unstacked } from '../../../src/calibrate/dodges/stack.js'
import { modelFile } from '../../../src/engine/modelFile.js'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../../src/onnx/node.js'
import { shapesFor } from '../../../src/onnx/shapes/shapes.js'
import { DataType, type NodeProto } from '../../../src/onnx/types.js'
import { temporaryFolder } from '../../onnx/folder.js'
import { asModel, floats, longs } from '../../onnx/models.js'

const at = temporaryFolder()

interface Given {
  readonly nodes: readonly NodeProto[]
  readonly dims?: readonly (number | string)[]
  readonly type?: DataType
  /** Values of integer inputs. */
  readonly integer?: (i: number) => number
  readonly values?: number
  readonly samples?: number
  readonly output?: DataType
}

const constants = [
  floats('w', [6, 3, 2, 2]),
  floats('v', [6, 4]),
  longs('first', [1], [0]),
  longs('axis', [], [0]),
  longs('one', [2], [1, 48]),
  longs('rows', [3], [1, 6, 9]),
  longs('last', [2], [1, 54]),
  longs('all', [2], [48, 1]),
]
const fed = [1, 3, 4, 4]

async function stacked({
  nodes,
  dims = ['N', 3, 'H', 'W'],
  type = DataType.FLOAT,
  values = 2 ** 20,
  samples = 1000,
  output = DataType.FLOAT,
  integer = (i) => i % 7,
}: Given) {
  const proto = makeModel(
    makeGraph({
      nodes,
      inputs: [makeValueInfo('x', type, dims)],
      outputs: [makeValueInfo('y', output)],
      initializers: constants,
    }),
    13,
  )
  const data = Array.from({ length: 48 }, (_, i) => Math.sin(i * 1.3))
  const x =
    type === DataType.FLOAT
      ? { type: 'float32' as const, dims: fed, data: Float32Array.from(data) }
      : { type: 'int32' as const, dims: fed, data: Int32Array.from(data, (_, i) => integer(i)) }
  const tensors = await shapesFor(asModel(proto), { x })
  return (await stackingOf({ proto, feeds: { x }, names: ['y'], tensors, values, samples })).stacked
}

async function stackingOf(model: Stackable) {
  const several = await forSeveral(model, (proto) => modelFile(proto, at('model.onnx')))
  return several === undefined ? unstacked : samplesToStack(model, several)
}

const cast = makeNode('Cast', ['x'], ['y'], [makeAttribute('to', DataType.FLOAT)])
const conv = [
  makeNode('Conv', ['x', 'w'], ['c']),
  makeNode('Relu', ['c'], ['r']),
  makeNode('GlobalAveragePool', ['r'], ['p']),
  makeNode('Flatten', ['p'], ['f']),
]

describe('samples are stacked', () => {
  it('where rows do not know of one another', async () => {
    expect(await stacked({ nodes: [...conv, makeNode('MatMul', ['f', 'v'], ['y'])] })).toBe(16)
    const best = makeNode('ArgMax', ['x'], ['y'], [makeAttribute('axis', 1)])
    expect(await stacked({ nodes: [best], output: DataType.INT64 })).toBe(16)
    expect(await stacked({ nodes: [makeNode('Softmax', ['x'], ['y'], [makeAttribute('axis', 1)])] })).toBe(16)
    expect(await stacked({ nodes: [cast], type: DataType.INT32 })).toBe(16)
  })

  it('also of a model whose batch is fixed, with shapes that say so', async () => {
    const shapes = [makeNode('Reshape', ['c', 'rows'], ['r']), makeNode('Reshape', ['r', 'last'], ['y'])]
    expect(await stacked({ nodes: [conv[0]!, ...shapes], dims: fed })).toBe(16)
    // What was a sample's first row would be all samples' first row.
    const first = [makeNode('Reshape', ['x', 'all'], ['r']), makeNode('Gather', ['r', 'first'], ['y'])]
    expect(await stacked({ nodes: first, dims: fed })).toBe(1)
  })

  it.each([
    [0, 32],
    [1000, 32],
    [2 ** 19 + 1, 16],
    [2 ** 21, 8],
  ])('the more, the fewer values they have: of %i values, %i', async (values, count) => {
    expect(await stacked({ nodes: [makeNode('Relu', ['x'], ['y'])], values })).toBe(count)
  })

  it.each([
    [63, 1],
    [64, 8],
    [255, 16],
    [256, 32],
  ])('the fewer, the fewer there are: of %i samples, %i', async (samples, count) => {
    expect(await stacked({ nodes: [makeNode('Relu', ['x'], ['y'])], values: 1000, samples })).toBe(count)
  })

  it.each<{ name: string } & Given>([
    { name: 'the model is large', nodes: [makeNode('Relu', ['x'], ['y'])], values: 2 ** 21 + 1 },
    {
      name: 'there is but one integer to feed',
      nodes: [cast],
      type: DataType.INT32,
      integer: () => 1,
    },
    {
      name: 'all are measured against the largest',
      nodes: [makeNode('ReduceMax', ['x'], ['m'], [makeAttribute('keepdims', 0)]), makeNode('Div', ['x', 'm'], ['y'])],
    },
    {
      name: 'a row is compared with the first',
      nodes: [makeNode('Gather', ['x', 'first'], ['z']), makeNode('Sub', ['x', 'z'], ['y'])],
    },
    { name: 'rows add up', nodes: [makeNode('CumSum', ['x', 'axis'], ['y'])] },
    {
      name: 'rows are merged',
      nodes: [makeNode('ReduceMean', ['x'], ['y'], [makeAttribute('axes', [0]), makeAttribute('keepdims', 1)])],
    },
    {
      name: 'the output is a scalar',
      nodes: [makeNode('ReduceSum', ['x'], ['y'], [makeAttribute('keepdims', 0)])],
    },
    {
      name: 'the model takes one alone',
      nodes: [makeNode('MatMul', ['x', 'x'], ['z']), makeNode('Reshape', ['z', 'one'], ['y'])],
    },
    {
      name: 'numbers are drawn at random',
      nodes: [makeNode('RandomNormalLike', ['x'], ['n']), makeNode('Relu', ['x'], ['y'])],
    },
  ])('not where $name', async ({ name: _, ...given }) => {
    expect(await stacked(given)).toBe(1)
  })
})
