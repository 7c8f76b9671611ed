// Small models, made by hand, and ways to run them. Fixtures are data: `const`ants by name, nodes as one line each.

import { encodeModel, modelInputs } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { elementCount, makeTensor } from '../../src/onnx/tensor.js'
import {
  DataType,
  type Model,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type TensorValue,
} from '../../src/onnx/types.js'

/** A float32 constant. */
export function floats(name: string, dims: readonly number[], values?: readonly number[]): TensorProto {
  const data = values ?? Array.from({ length: elementCount(dims) }, (_, index) => Math.sin(index * 1.7 + name.length))
  return makeTensor(name, DataType.FLOAT, dims, Float32Array.from(data))
}

export function longs(name: string, dims: readonly number[], values: readonly number[]): TensorProto {
  return makeTensor(name, DataType.INT64, dims, BigInt64Array.from(values.map(BigInt)))
}

export interface Parts {
  readonly nodes: readonly NodeProto[]
  readonly constants?: readonly TensorProto[]
  /** Input name -> dims; float32. Default: x [1, 3, 4, 4]. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>
  /** Default: y. */
  readonly outputs?: readonly string[]
  readonly opset?: number
}

export function model(parts: Parts): ModelProto {
  const inputs = Object.entries(parts.inputs ?? { x: [1, 3, 4, 4] })
  const graph = makeGraph({
    nodes: parts.nodes,
    inputs: inputs.map(([name, dims]) => makeValueInfo(name, DataType.FLOAT, dims)),
    outputs: (parts.outputs ?? ['y']).map((name) => makeValueInfo(name, DataType.FLOAT)),
    initializers: parts.constants ?? [],
  })
  return makeModel(graph, parts.opset ?? 13)
}

/** A model that was never in a file. */
export function asModel(proto: ModelProto): Model {
  return { proto, path: '/nowhere/model.onnx', hash: '' }
}

/** Values for every input, the same at each call; a dynamic dimension is 2. */
export function feedsFor(proto: ModelProto): Record<string, TensorValue> {
  return Object.fromEntries(
    modelInputs(proto).map(({ name, dims: declared }) => {
      const dims = declared.map((dim) => (typeof dim === 'number' ? dim : 2))
      const data = Float32Array.from({ length: elementCount(dims) }, (_, index) =>
        Math.cos(index * index + name.length),
      )
      return [name, { type: 'float32', data, dims }] as const
    }),
  )
}

export async function runModel(
  proto: ModelProto,
  feeds: Record<string, TensorValue> = feedsFor(proto),
): Promise<Record<string, TensorValue>> {
  const session = await createSession(encodeModel(proto))
  try {
    return await session.run(feeds)
  } finally {
    await session.release()
  }
}

/** The largest difference between two runs, relative to a tensor's largest value, or to `floor` where that is larger. */
export function largestDifference(
  a: Readonly<Record<string, TensorValue>>,
  b: Readonly<Record<string, TensorValue>>,
  floor = 1e-20,
): number {
  if (Object.keys(a).join() !== Object.keys(b).join()) return Number.POSITIVE_INFINITY
  return Math.max(...Object.keys(a).map((name) => difference(a[name]!, b[name]!, floor)))
}

function difference(a: TensorValue, b: TensorValue, floor: number): number {
  if (a.type !== b.type || a.dims.join() !== b.dims.join()) return Number.POSITIVE_INFINITY
  let largest = floor
  let difference = 0
  for (let i = 0; i < a.data.length; i++) {
    largest = Math.max(largest, Math.abs(Number(a.data[i])))
    difference = Math.max(difference, Math.abs(Number(a.data[i]) - Number(b.data[i])))
  }
  return difference / largest
}

export function operators(proto: ModelProto): string[] {
  return proto.graph.node.map(({ opType }) => opType)
}

export { makeNode as node }
