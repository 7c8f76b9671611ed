// Element type and dims of every tensor for given inputs: inferred by the runtime where it knows them all, else from one run of the model.

import { SquireError } from '../errors.js'
import { nameSource } from './graph.js'
import { encodeModel, modelInputs } from './model.js'
import { makeNode, makeValueInfo } from './node.js'
import { createSession, type Session } from './session.js'
import { tensorDims } from './tensor.js'
import type { Model, ModelProto, NodeProto, TensorInfo, TensorValue, ValueInfoProto } from './types.js'

/**
 * Inputs, initializers and outputs are in the result too; sequences, optionals and strings, and what lives inside the subgraphs of If, Loop and
 * Scan, are not.
 */
export async function shapesFor(
  model: Model,
  feeds: Readonly<Record<string, TensorValue>>,
): Promise<Map<string, TensorInfo>> {
  const written = await writtenTensors(model.proto, feeds)
  const dims = written.every(isKnown) ? written.map((tensor) => tensor.dims) : await runForDims(model, feeds, written)
  const infos = new Map<string, TensorInfo>()
  for (const tensor of model.proto.graph.initializer) {
    infos.set(tensor.name, { dataType: tensor.dataType, dims: tensorDims(tensor) })
  }
  for (const { name, dataType } of modelInputs(model.proto)) {
    infos.set(name, { dataType, dims: feeds[name]?.dims ?? [] })
  }
  for (const [i, { name, dataType }] of written.entries()) infos.set(name, { dataType, dims: dims[i] as number[] })
  return infos
}

/** Without dims it is a scalar or of unknown rank: the runtime does not tell them apart. */
function isKnown({ dims }: Written): boolean {
  return dims.length > 0 && dims.every((dim) => typeof dim === 'number')
}

type Written = Session['outputs'][number]

/**
 * The numeric tensors that nodes write, with types and, as far as they follow from the inputs', dims: the runtime infers both when it opens a
 * model that has them as outputs. What a file says about its inner tensors is left out, as nobody checks it.
 */
async function writtenTensors(
  proto: ModelProto,
  feeds: Readonly<Record<string, TensorValue>>,
): Promise<readonly Written[]> {
  const { graph, ...rest } = exposeAll(proto)
  const output = graph.output.map(({ name, type }) => ({ name, ...(type?.tensorType === undefined && { type }) }))
  const input = graph.input.map((info) => {
    const fed = feeds[info.name]
    return fed === undefined
      ? info
      : { ...info, ...makeValueInfo(info.name, info.type!.tensorType!.elemType, fed.dims) }
  })
  const open = async (inputs: typeof input) => {
    const session = await createSession(
      encodeModel({ ...rest, graph: { ...graph, input: inputs, output, valueInfo: [] } }),
      {
        optimized: true,
      },
    )
    await session.release()
    return session.outputs
  }
  // Dims that do not fit what is inside: the run explains that better.
  return open(input).catch(() => open(graph.input))
}

/** Runs the model once, with Shape nodes as outputs: the tensors themselves would be a copy of all that the model computes. */
async function runForDims(model: Model, feeds: Readonly<Record<string, TensorValue>>, written: readonly Written[]) {
  const unique = nameSource(model.proto.graph)
  const shapes = written.map(({ name }) => makeNode('Shape', [name], [unique(`${name}_shape`)]))
  const names = shapes.map(({ output }) => output[0]!)
  const session = await createSession(encodeModel(withNodes(model.proto, shapes)))
  try {
    const results = await session.run(feeds, names)
    return names.map((name) => Array.from(results[name]!.data, Number))
  } catch (error) {
    throw withInputs(error, feeds)
  } finally {
    await session.release()
  }
}

function withNodes({ graph, ...proto }: ModelProto, nodes: readonly NodeProto[]): ModelProto {
  const output = nodes.map((node) => ({ name: node.output[0]! }))
  return { ...proto, graph: { ...graph, node: [...graph.node, ...nodes], output: [...graph.output, ...output] } }
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
