// Element type and dims of every tensor, from one run of the model: exact where shape inference would have to guess.

import { SquireError } from '../errors.js'
import { encodeModel } from './model.js'
import { createSession } from './session.js'
import { tensorDims } from './tensor.js'
import type { Model, ModelProto, TensorInfo, TensorValue, ValueInfoProto } from './types.js'

/**
 * Runs the model once with every tensor of its main graph as an output. Inputs, initializers and outputs are in the result too; sequences,
 * optionals and strings, and what lives inside the subgraphs of If, Loop and Scan, are not.
 */
export async function runForShapes(
  model: Model,
  feeds: Readonly<Record<string, TensorValue>>,
): Promise<Map<string, TensorInfo>> {
  const session = await createSession(encodeModel(exposeAll(model.proto)))
  try {
    const infos = new Map<string, TensorInfo>()
    for (const tensor of model.proto.graph.initializer) {
      infos.set(tensor.name, { dataType: tensor.dataType, dims: tensorDims(tensor) })
    }
    const results = await session.run(feeds).catch((error: unknown) => {
      throw withInputs(error, feeds)
    })
    for (const { name, dataType } of session.inputs) infos.set(name, { dataType, dims: feeds[name]?.dims ?? [] })
    for (const { name, dataType } of session.outputs) infos.set(name, { dataType, dims: results[name]!.dims })
    return infos
  } finally {
    await session.release()
  }
}

/** The first run's failure often lies in what was fed: dims that a model leaves open, but cannot work with. */
function withInputs(error: unknown, feeds: Readonly<Record<string, TensorValue>>): unknown {
  if (!(error instanceof SquireError)) return error
  const inputs = Object.entries(feeds).map(([name, { dims }]) => `"${name}" [${dims.join(', ')}]`)
  return new SquireError(error.code, `${error.message} It was fed ${inputs.join(', ')}.`, { cause: error })
}

/** The model with every tensor its main graph's nodes write as an output. An added output has a name only: the runtime infers its type. */
export function exposeAll(proto: ModelProto): ModelProto {
  const present = new Set(proto.graph.output.map(({ name }) => name))
  const names = proto.graph.node.flatMap((node) => node.output).filter((name) => name !== '' && !present.has(name))
  const output: ValueInfoProto[] = [...proto.graph.output, ...names.map((name) => ({ name }))]
  return { ...proto, graph: { ...proto.graph, output } }
}
