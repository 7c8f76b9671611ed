// From an optimized float model and the inputs of one forward pass to everything calibration needs: shapes, the plan, and the files
// that workers open.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ModelFile } from '../engine/protocol.js'
import type { Feeds, ObservedModel } from '../engine/runner.js'
import { modelInputs, writeModel } from '../onnx/model.js'
import { makeValueInfo } from '../onnx/node.js'
import { runForShapes } from '../onnx/shapes.js'
import { DataType, type Model, type ModelProto } from '../onnx/types.js'
import { makePlan } from '../plan/plan.js'
import type { Plan } from '../plan/types.js'

export interface Prepared extends ObservedModel {
  readonly model: Model
  readonly plan: Plan
  /** Dims of every input in the first run: the quantized model's. */
  readonly inputDims: Readonly<Record<string, readonly number[]>>
}

/** `workspace` is a folder for temporary files. */
export async function prepare(model: Model, feeds: Feeds, workspace: string): Promise<Prepared> {
  const tensors = await runForShapes(model, feeds)
  const plan = makePlan(model, tensors)
  const plain = await modelFile(model.proto, model, join(workspace, 'float.onnx'))
  const outputs = new Set(plain.outputs)
  const exposed = plan.observed.filter((name) => !outputs.has(name) && !(name in feeds))
  const observed = {
    ...(await modelFile(withOutputs(model.proto, exposed), model, join(workspace, 'observed.onnx'))),
    outputs: plain.outputs,
  }
  const inputDims = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))
  return {
    model,
    plan,
    inputDims,
    plain,
    observed,
    observation: { tensors: plan.observed, dims: plan.observed.map((name) => tensors.get(name)!.dims), inputDims },
    key: createHash('sha256')
      .update(JSON.stringify([model.hash, plan.observed]))
      .digest('hex'),
  }
}

/** Writes a model for the workers. */
export async function modelFile(proto: ModelProto, source: Model, path: string): Promise<ModelFile> {
  await writeModel({ ...source, proto }, path)
  return { path, inputs: modelInputs(proto), outputs: proto.graph.output.map(({ name }) => name) }
}

function withOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const output = [...proto.graph.output, ...names.map((name) => makeValueInfo(name, DataType.FLOAT, undefined))]
  return { ...proto, graph: { ...proto.graph, output } }
}
