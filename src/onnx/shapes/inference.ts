// What the runtime infers of a model's tensors when it opens the model: types, and the dims that follow from the inputs'. Nothing is run.

import { SquireError } from '../../errors.js'
import { own } from '../../own.js'
import { nameSource } from '../graph.js'
import { makeNode, makeValueInfo } from '../node.js'
import { openModel } from '../runtime/openModel.js'
import type { Session } from '../runtime/session.js'
import { elementCount, tensorDims } from '../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto, type ValueInfoProto } from '../types.js'

/** A tensor that a node writes; a dim that does not follow from the inputs' is a string. Without dims it is a scalar or of unknown rank. */
export type Inferred = Session['outputs'][number]

/**
 * The numeric tensors that nodes write, in graph order. What a file says about its inner tensors is left out, as nobody checks it.
 * @param fed dims of inputs, where they are known better than the model has them
 */
export async function inferTensors(
  proto: ModelProto,
  fed: Readonly<Record<string, readonly number[]>> = {},
): Promise<readonly Inferred[]> {
  const { graph, ...rest } = exposeAll(proto)
  const output = graph.output.map(({ name, type }) => ({ name, ...(type?.tensorType === undefined && { type }) }))
  const large = graph.initializer.filter(isLarge)
  const initializer = graph.initializer.filter((tensor) => !isLarge(tensor))
  const known = new Set(graph.input.map(({ name }) => name))
  const stubs = large
    .filter(({ name }) => !known.has(name))
    .map((one) => makeValueInfo(one.name, one.dataType, tensorDims(one)))
  const open = async (inputs: readonly ValueInfoProto[]) => {
    const shell = { ...rest, graph: { ...graph, input: [...inputs, ...stubs], initializer, output, valueInfo: [] } }
    const session = await openModel(shell, { optimized: true })
    await session.release()
    return session.outputs
  }
  const input = graph.input.map((info) => {
    const dims = own(fed, info.name)
    return dims === undefined ? info : { ...info, ...makeValueInfo(info.name, info.type!.tensorType!.elemType, dims) }
  })
  // Dims that do not fit what is inside: a run explains that better.
  return (await unlessRefused(open(input))) ?? open(graph.input)
}

/** Undefined where the runtime refuses the model. @throws what else goes wrong */
export async function unlessRefused<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening
  } catch (error) {
    if (error instanceof SquireError && error.code === 'MODEL') return undefined
    throw error
  }
}

/** A constant that only its dims say something about: weights. Small ones may be the arguments of a Resize or Reshape. */
function isLarge(tensor: TensorProto): boolean {
  return tensor.dataType === DataType.FLOAT && elementCount(tensorDims(tensor)) > 64
}

/** The model with every tensor its main graph's nodes write as an output. An added output has a name only: the runtime infers its type. */
export function exposeAll(proto: ModelProto): ModelProto {
  const present = new Set(proto.graph.output.map(({ name }) => name))
  const names = proto.graph.node.flatMap((node) => node.output).filter((name) => name !== '' && !present.has(name))
  const output: ValueInfoProto[] = [...proto.graph.output, ...names.map((name) => ({ name }))]
  return { ...proto, graph: { ...proto.graph, output } }
}

/** The model with a Shape node behind each of these tensors, and the names of what they write. */
export function withShapes(proto: ModelProto, tensors: readonly string[]): { proto: ModelProto; names: string[] } {
  const unique = nameSource(proto.graph)
  const nodes: NodeProto[] = tensors.map((name) => makeNode('Shape', [name], [unique(`${name}_shape`)]))
  const names = nodes.map(({ output }) => output[0]!)
  const { graph } = proto
  const output = [...graph.output, ...names.map((name) => ({ name }))]
  return { proto: { ...proto, graph: { ...graph, node: [...graph.node, ...nodes], output } }, names }
}
