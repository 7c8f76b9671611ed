// From an optimized float model and the inputs of one forward pass to what quantization needs besides statistics: shapes, the plan, and the
// float model as a file that workers open.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { modelFile } from '../engine/modelFile.js'
import type { ModelFile } from '../engine/protocol.js'
import type { Feeds } from '../engine/runner.js'
import { makeValueInfo } from '../onnx/node.js'
import { shapesFor } from '../onnx/shapes.js'
import type { Model, ModelProto, TensorInfo } from '../onnx/types.js'
import { makePlan } from '../plan/plan.js'
import type { Plan } from '../plan/types.js'

export interface Prepared {
  readonly model: Model
  /** The model with the input dims of the first run: what is exported. A quantized model is always static. */
  readonly staticModel: Model
  readonly plan: Plan
  /** The inputs it was prepared with, and every tensor that they lead to. */
  readonly feeds: Feeds
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly plain: ModelFile
  /** Identity of all that the statistics depend on besides the data. */
  readonly key: string
}

/** `workspace` is a folder for temporary files. */
export async function prepare(model: Model, feeds: Feeds, workspace: string): Promise<Prepared> {
  const tensors = await shapesFor(model, feeds)
  const plan = makePlan(model, tensors)
  return {
    model,
    staticModel: { ...model, proto: withDims(model.proto, feeds) },
    plan,
    feeds,
    tensors,
    plain: await modelFile(model.proto, join(workspace, 'float.onnx')),
    key: createHash('sha256')
      .update(JSON.stringify([model.hash, plan.observed]))
      .digest('hex'),
  }
}

/** Inputs of these dims, and outputs with the names of dimensions replaced by what the inputs make them. */
function withDims({ graph, ...proto }: ModelProto, feeds: Feeds): ModelProto {
  const sizes = new Map<string, number>()
  const input = graph.input.map((info) => {
    const { shape, elemType } = info.type!.tensorType!
    const fed = feeds[info.name]?.dims
    if (fed === undefined) return info
    for (const [axis, { dimParam }] of shape!.dim.entries()) if (dimParam) sizes.set(dimParam, fed[axis]!)
    return { ...info, ...makeValueInfo(info.name, elemType, fed) }
  })
  const output = graph.output.map((info) => {
    const tensorType = info.type?.tensorType
    if (tensorType?.shape === undefined) return info
    const dim = tensorType.shape.dim.map((one) => {
      const size = one.dimParam === undefined ? undefined : sizes.get(one.dimParam)
      return size === undefined ? one : { dimValue: size }
    })
    return { ...info, type: { ...info.type, tensorType: { ...tensorType, shape: { dim } } } }
  })
  return { ...proto, graph: { ...graph, input, output } }
}
