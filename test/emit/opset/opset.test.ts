import { describe, expect, it } from 'vitest'
import { GraphBuilder } from '../../../src/emit/builder.js'
import { surroundingsIn, upgradeNodes } from '../../../src/emit/opset/opset.js'
import type { Surroundings } from '../../../src/emit/opset/upgrades.js'
import { type AttributeValue, makeAttribute } from '../../../src/onnx/attribute.js'
import { nameSource } from '../../../src/onnx/graph.js'
import { encodeModel } from '../../../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../../src/onnx/node.js'
import { createSession } from '../../../src/onnx/runtime/session.js'
import { makeTensor } from '../../../src/onnx/tensor.js'
import {
  DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../src/onnx/types.js'

type Attributes = Readonly<Record<string, AttributeValue>>

function node(opType: string, inputs: readonly string[], attributes: Attributes, outputs: readonly string[] = ['y']) {
  const made = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value))
  return makeNode(opType, inputs, outputs, made, 'node')
}

const scales = makeTensor('scales', DataType.FLOAT, [4], Float32Array.of(1, 1, 2, 1.5))
const indices = makeTensor('indices', DataType.INT64, [1, 1, 1, 2], BigInt64Array.of(0n, 1n))
const updates = makeTensor('updates', DataType.FLOAT, [1, 1, 1, 2], Float32Array.of(100, 200))
const perChannel = (name: string, ...values: number[]) =>
  makeTensor(name, DataType.FLOAT, [values.length], Float32Array.from(values))
const statistics = [
  perChannel('scale', 1, 2, 3),
  perChannel('b', 0, 1, 2),
  perChannel('mean', 0.5, 0, 1),
  perChannel('variance', 1, 2, 4),
]

/** x is [2, 3, 4, 5]. Opset, node, what it reads besides x. */
const cases: readonly (readonly [opset: number, node: NodeProto, initializers?: readonly TensorProto[]])[] = [
  [7, node('BatchNormalization', ['x', 'scale', 'b', 'mean', 'variance'], { spatial: 1 }), statistics],
  [7, node('Clip', ['x'], { min: { float: -3 }, max: { float: 4 } })],
  [10, node('Clip', ['x'], { max: { float: 4 } })],
  [7, node('Dropout', ['x'], { ratio: { float: 0.3 } })],
  [11, node('Softmax', ['x'], {})],
  [11, node('Softmax', ['x'], { axis: -1 })],
  [9, node('LogSoftmax', ['x'], { axis: 2 })],
  [12, node('Hardmax', ['x'], { axis: 3 })],
  [7, node('Pad', ['x'], { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: { float: 7 } })],
  [9, node('Pad', ['x'], { pads: [0, 0, 1, 2, 0, 0, 0, 1], mode: 'reflect' })],
  [12, node('ReduceSum', ['x'], { axes: [1, -1], keepdims: 0 })],
  [12, node('ReduceSum', ['x'], {})],
  [7, node('Slice', ['x'], { starts: [1, 0], ends: [3, -1], axes: [1, 3] })],
  [9, node('Slice', ['x'], { starts: [1], ends: [2] })],
  [12, node('Split', ['x'], { axis: 3, split: [4, 1] })],
  [7, node('Split', ['x'], { axis: 3, split: [2, 3] }, ['y', 'z'])],
  [9, node('TopK', ['x'], { k: 2, axis: 3 }, ['y', 'z'])],
  [12, node('Unsqueeze', ['x'], { axes: [0, 3] })],
  [7, node('Upsample', ['x'], { scales: { floats: [1, 1, 2, 3] }, mode: 'nearest' })],
  [9, node('Upsample', ['x', 'scales'], { mode: 'nearest' }), [scales]],
  [9, node('Upsample', ['x', 'scales'], { mode: 'linear' }), [scales]],
  [10, node('Resize', ['x', 'scales'], { mode: 'nearest' }), [scales]],
  [9, node('Scatter', ['x', 'indices', 'updates'], { axis: 3 }), [indices, updates]],
  [7, node('HardSigmoid', ['x'], { alpha: { float: 0.1 } })],
]

const dims = [2, 3, 4, 5]
const x = Float32Array.from({ length: 120 }, (_, index) => ((index * 37) % 61) / 5 - 6)

function modelOf(graph: Partial<GraphProto> & { node: NodeProto[] }, opset: number): ModelProto {
  const outputs = [...new Set(graph.node.at(-1)!.output)].map((name) => ({ name }))
  const inputs = [makeValueInfo('x', DataType.FLOAT, dims)]
  return makeModel(makeGraph({ nodes: graph.node, inputs, outputs, initializers: graph.initializer ?? [] }), opset)
}

async function run(proto: ModelProto): Promise<unknown> {
  const session = await createSession(encodeModel(proto))
  const results = await session.run({ x: { type: 'float32', dims, data: x } })
  await session.release()
  return Object.entries(results).map(([name, value]) => [name, value.dims, value.data])
}

function surroundings(proto: ModelProto, known = true): { builder: GraphBuilder; around: Surroundings } {
  const builder = new GraphBuilder(nameSource(proto.graph))
  const tensors = new Map(known ? [['x', { dataType: DataType.FLOAT, dims }]] : [])
  return { builder, around: surroundingsIn(builder, tensors) }
}

describe('Raised to opset 13 a node computes what it did', () => {
  for (const [opset, original, initializer = []] of cases) {
    const attributes = original.attribute.map(({ name }) => name).join(', ')
    it(`for a ${original.opType} of opset ${opset} with ${attributes || 'no attributes'}`, async () => {
      // A Split of the first output only is no valid model: give it both.
      const source = original.opType === 'Split' ? { ...original, output: ['y', 'z'] } : original
      const before = modelOf({ node: [source], initializer: [...initializer] }, opset)
      const { builder, around } = surroundings(before)
      const nodes = upgradeNodes([source], opset, around)
      const after = modelOf({ node: nodes, initializer: [...initializer, ...builder.initializers] }, 13)
      expect(await run(after)).toEqual(await run(before))
    })
  }
})

describe('Raising the opset', () => {
  it('leaves nodes of opset 13 and later, and of other domains, alone', () => {
    const { around } = surroundings(modelOf({ node: [node('Relu', ['x'], {})] }, 13))
    const clip = node('Clip', ['x'], { min: { float: 0 } })
    expect(upgradeNodes([clip], 13, around)).toEqual([clip])
    const foreign = { ...clip, domain: 'com.example' }
    expect(upgradeNodes([foreign], 9, around)).toEqual([foreign])
  })

  it('reaches into the branches of an If', () => {
    const clip = node('Clip', ['x'], { min: { float: 0 } }, ['inner'])
    const branch = makeGraph({ nodes: [clip], inputs: [], outputs: [makeValueInfo('inner', DataType.FLOAT)] })
    const source = node('If', ['condition'], { then_branch: branch, else_branch: branch })
    const { builder, around } = surroundings(modelOf({ node: [source] }, 9))
    const [raised] = upgradeNodes([source], 9, around)
    const inner = raised!.attribute.map(({ g }) => g!.node[0]!)
    expect(inner.map(({ input }) => input)).toEqual(builder.initializers.map(({ name }) => ['x', name, '']))
    expect(inner.every(({ attribute }) => attribute.length === 0)).toBe(true)
  })

  it('names every node that has no form at opset 13, and what to do', () => {
    const nodes = [
      { ...node('BatchNormalization', ['x', 'scale', 'b', 'mean', 'variance'], { spatial: 0 }), name: 'bn' },
      { ...node('Dropout', ['x'], {}, ['y', 'mask']), name: 'drop' },
      { ...node('Scan', ['x'], {}), name: 'scan' },
      { ...node('Softmax', ['unknown'], {}), name: 'soft' },
    ]
    const { around } = surroundings(modelOf({ node: nodes }, 8), false)
    expect(() => upgradeNodes(nodes, 8, around)).toThrowError(
      /opset is 8.*\n.*"bn".*\n.*"drop".*\n.*"scan".*\n.*"soft".*\n.*opset 13 or later/,
    )
  })
})
