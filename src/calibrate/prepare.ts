// From an optimized float model and the inputs of one forward pass to what quantization needs besides statistics: shapes, the plan, and the
// float model as a file that workers open.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { convertOpset } from '../emit/opset/convertOpset.js'
import { EMITTED_OPSET } from '../emit/opset/opset.js'
import { modelFile } from '../engine/modelFile.js'
import type { ModelFile } from '../engine/protocol.js'
import { fixDims } from '../onnx/edits/fixDims.js'
import type { QdqScales } from '../onnx/import/qdq.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { makeValueInfo } from '../onnx/node.js'
import { optimize } from '../onnx/passes/index.js'
import { shapesFor } from '../onnx/shapes/shapes.js'
import type { Model, ModelProto, TensorInfo } from '../onnx/types.js'
import type { PlanOptions } from '../plan/options.js'
import { makePlan } from '../plan/plan.js'
import type { Plan } from '../plan/types.js'
import type { Feeds } from './runner.js'

export interface Prepared {
  readonly model: Model
  /**
   * The model with the input dims of the first run: what is planned and exported, as a quantized model is always static. What depends on dims
   * alone, the angles of a rotary embedding for one, is constant in it; its other tensors have the names that they have in the model.
   */
  readonly staticModel: Model
  readonly plan: Plan
  /** The inputs it was prepared with, and every tensor that they lead to. */
  readonly feeds: Feeds
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly plain: ModelFile
  /** Scales that the model brings, where it was a QDQ model. */
  readonly qdq?: QdqScales
  /** Identity of all that the statistics depend on besides the data. */
  readonly key: string
}

/** `workspace` is a folder for temporary files. */
export async function prepare(given: Model, feeds: Feeds, options: PlanOptions, workspace: string): Promise<Prepared> {
  const model = await raised(given, feeds)
  const tensors = await shapesFor(model, feeds)
  const staticModel = await withDims(model, dimsOf(feeds), tensors)
  const plan = makePlan(staticModel, tensors, options)
  return {
    model,
    staticModel,
    plan,
    feeds,
    tensors,
    plain: await modelFile(model.proto, join(workspace, 'float.onnx')),
    key: createHash('sha256')
      .update(JSON.stringify([model.hash, plan.observed, [...plan.masked]]))
      .digest('hex'),
  }
}

/** The model in the least opset that is written: what is planned is what is written, and a QDQ model that comes back is planned alike. */
async function raised(model: Model, feeds: Feeds): Promise<Model> {
  if (opsetOf(model.proto) >= EMITTED_OPSET) return model
  const tensors = [...(await shapesFor(model, feeds))].map(([name, info]) => ({ name, ...info }))
  return { ...model, proto: convertOpset(model.proto, EMITTED_OPSET, tensors) }
}

async function withDims(
  model: Model,
  dims: Readonly<Record<string, readonly number[]>>,
  tensors: ReadonlyMap<string, TensorInfo>,
): Promise<Model> {
  const fixed = { ...model, proto: withTypes(fixDims(model.proto, dims), tensors) }
  const isOpen = modelInputs(model.proto).some((input) => input.dims.some((dim) => typeof dim === 'string'))
  return isOpen ? (await optimize(fixed, 'dims')).model : fixed
}

const dimsOf = (feeds: Feeds) => Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))

/** Outputs that a cut made have a name only: a written model says what they are. */
function withTypes({ graph, ...proto }: ModelProto, tensors: ReadonlyMap<string, TensorInfo>): ModelProto {
  const output = graph.output.map((info) => {
    const known = info.type === undefined ? tensors.get(info.name) : undefined
    return known === undefined ? info : makeValueInfo(info.name, known.dataType, known.dims)
  })
  return { ...proto, graph: { ...graph, output } }
}
