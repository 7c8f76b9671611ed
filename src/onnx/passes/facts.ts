// What is known of a model's tensors without running it: constants and inputs as the file has them, the others as the runtime infers them.

import { modelInputs } from '../model.js'
import { type Inferred, inferTensors, unlessRefused } from '../shapes/inference.js'
import { elementCount, tensorDims } from '../tensor.js'
import type { ModelProto, TensorProto } from '../types.js'

export type Fact = Pick<Inferred, 'dataType' | 'dims'>
export type Facts = ReadonlyMap<string, Fact>

const known = new WeakMap<ModelProto, Promise<Facts>>()

/** Inferred once for each model: most passes leave it as it is. */
export function factsOf(proto: ModelProto): Promise<Facts> {
  const facts = known.get(proto) ?? findFacts(proto)
  known.set(proto, facts)
  return facts
}

/**
 * The same; nothing where the runtime refuses the model. It opens none with recurrent layers of layout 1, which lowering makes into steps that it does run;
 * a model that it refuses for another reason is refused by whoever asks next. Throws what else goes wrong.
 */
export async function factsIfOpened(proto: ModelProto): Promise<Facts> {
  return (await unlessRefused(factsOf(proto))) ?? new Map()
}

/** Bytes of all tensors that nodes write, as float32; a dim that the runtime cannot infer counts as 1. */
export async function activationBytes(proto: ModelProto): Promise<number> {
  const facts = await factsOf(proto)
  const written = proto.graph.node.flatMap(({ output }) => output).map((name) => facts.get(name)?.dims ?? [])
  return written.reduce(
    (sum, dims) => sum + 4 * elementCount(dims.map((dim) => (typeof dim === 'number' ? dim : 1))),
    0,
  )
}

async function findFacts(proto: ModelProto): Promise<Facts> {
  const facts = new Map<string, Fact>()
  for (const { name, dataType, dims } of proto.graph.initializer.map(constant)) facts.set(name, { dataType, dims })
  for (const { name, dataType, dims } of modelInputs(proto)) facts.set(name, { dataType, dims })
  for (const { name, dataType, dims } of await inferTensors(proto)) facts.set(name, { dataType, dims })
  return facts
}

function constant(tensor: TensorProto) {
  return { name: tensor.name, dataType: tensor.dataType, dims: tensorDims(tensor) }
}
