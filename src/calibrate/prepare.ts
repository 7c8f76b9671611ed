// From an optimized float model and the inputs of one forward pass to everything calibration needs: shapes, the plan, and the files
// that workers open.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ModelFile, Observation } from '../engine/protocol.js'
import type { Feeds, ObservedModel } from '../engine/runner.js'
import { messageOf } from '../errors.js'
import { leaveBlocked } from '../onnx/blocked.js'
import { tensorBytes } from '../onnx/codec.js'
import { modelInputs } from '../onnx/model.js'
import { makeValueInfo } from '../onnx/node.js'
import { shapesFor } from '../onnx/shapes.js'
import type { Model, ModelProto, TensorInfo } from '../onnx/types.js'
import { withRefusedOutput } from '../onnx/uncopied.js'
import { writeModel } from '../onnx/write.js'
import { makePlan } from '../plan/plan.js'
import type { Plan } from '../plan/types.js'
import { samplesToStack } from './stack.js'

export interface Prepared extends ObservedModel {
  readonly model: Model
  /** The model with the input dims of the first run: what is exported. A quantized model is always static. */
  readonly staticModel: Model
  readonly plan: Plan
  /** What was found out on the way, for the curious. */
  readonly log: readonly string[]
}

/** `workspace` is a folder for temporary files. */
export async function prepare(model: Model, feeds: Feeds, workspace: string): Promise<Prepared> {
  const tensors = await shapesFor(model, feeds)
  const plan = makePlan(model, tensors)
  const plain = await modelFile(model.proto, join(workspace, 'float.onnx'))
  const outputs = new Set(plain.outputs)
  const exposed = plan.observed.filter((name) => !outputs.has(name) && !(name in feeds))
  const ordered = await modelFile(withOutputs(model.proto, exposed), join(workspace, 'observed.onnx'))
  const { blocked, log, ...file } = await inRuntimeOrder(
    model,
    ordered,
    new Map(exposed.map((name) => [name, tensors.get(name)!.dims])),
    feeds,
    join(workspace, 'blocked.onnx'),
  )
  const dims = plan.observed.map((name) => tensors.get(name)!.dims)
  const stacked = await samplesToStack(model.proto, file, feeds, [...plain.outputs, ...exposed], dims)
  const inputDims = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))
  return {
    model,
    staticModel: { ...model, proto: withDims(model.proto, inputDims) },
    plan,
    plain,
    observed: { ...file, outputs: plain.outputs },
    observation: {
      tensors: plan.observed,
      dims,
      blocked,
      inputDims,
      stacked,
      outputs: Object.fromEntries(plain.outputs.flatMap((name) => infoOf(name, tensors))),
    },
    key: createHash('sha256')
      .update(JSON.stringify([model.hash, plan.observed]))
      .digest('hex'),
    log: [log, `samples in a forward pass: ${stacked}`],
  }
}

/** Models of more than this stay as they are: the optimized one is in memory whole, once or twice, before it is written. */
const MOST_BLOCKED_BYTES = 2 ** 28

/** The observed model, with tensors left in the runtime's order where that works. */
async function inRuntimeOrder(
  model: Model,
  file: ModelFile,
  exposed: ReadonlyMap<string, readonly number[]>,
  feeds: Feeds,
  path: string,
) {
  const worthIt =
    model.proto.graph.node.some(({ opType }) => opType === 'Conv') && tensorBytes(model.proto) <= MOST_BLOCKED_BYTES
  // It is the runtime's own doing: whatever fails, the model as it was gives the same.
  const layouts = worthIt ? await leaveBlocked(file.path, exposed, feeds, path).catch(messageOf) : undefined
  if (!(layouts instanceof Map)) {
    return {
      ...file,
      blocked: {},
      log: `all tensors observed in row order${layouts === undefined ? '' : `: ${layouts}`}`,
    }
  }
  const log = `observed in the runtime's own order: ${layouts.size} of ${exposed.size} tensors`
  return { ...file, path, optimized: true, blocked: Object.fromEntries(layouts) as Observation['blocked'], log }
}

/** Outputs that are not tensors have none. */
function infoOf(name: string, tensors: ReadonlyMap<string, TensorInfo>): [string, TensorInfo][] {
  const info = tensors.get(name)
  return info === undefined ? [] : [[name, info]]
}

/** Writes a model for the workers. */
export async function modelFile(proto: ModelProto, path: string): Promise<ModelFile> {
  await writeModel(proto, path)
  return { path, inputs: modelInputs(proto), outputs: proto.graph.output.map(({ name }) => name) }
}

/** An added output has a name only: the runtime infers its type. */
function withOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const output = [...proto.graph.output, ...names.map((name) => ({ name }))]
  return withRefusedOutput({ ...proto, graph: { ...proto.graph, output } })
}

/** Inputs of these dims, and outputs with the names of dimensions replaced by what the inputs make them. */
function withDims({ graph, ...proto }: ModelProto, dims: ObservedModel['observation']['inputDims']): ModelProto {
  const sizes = new Map<string, number>()
  const input = graph.input.map((info) => {
    const { shape, elemType } = info.type!.tensorType!
    const fed = dims[info.name]
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
