// Any two models: tensors of the same name and type are compared, as far as both have them.

import { join } from 'node:path'
import type { Comparison } from '../engine/comparison.js'
import { modelFile } from '../engine/modelFile.js'
import { SquireError } from '../errors.js'
import { inferTensors } from '../onnx/shapes/inference.js'
import { DataType, type ModelProto } from '../onnx/types.js'

/** @throws SquireError MODEL where no tensor of one has the name of a tensor of the other */
export async function namedComparison(a: ModelProto, b: ModelProto, folder: string): Promise<Comparison> {
  const [ofA, ofB] = await Promise.all([floatsOf(a), floatsOf(b)])
  const shared = ofA.filter((name) => ofB.includes(name))
  if (shared.length === 0) {
    throw new SquireError(
      'MODEL',
      'the two models have no float tensor of the same name: there is nothing to compare. ' +
        'Compare models that come of one, as steps/optimized.onnx and what was quantized from it.',
    )
  }
  return {
    reference: await modelFile(withOutputs(a, shared), join(folder, 'a.onnx')),
    candidate: await modelFile(withOutputs(b, shared), join(folder, 'b.onnx')),
    own: [],
    tensors: shared.map((name) => ({
      reference: name,
      candidate: name,
      codes: undefined,
      ownOutput: undefined,
    })),
  }
}

/** The float32 tensors that nodes write, in order. Weights are not read. */
export async function floatsOf(proto: ModelProto): Promise<string[]> {
  const inferred = await inferTensors(proto)
  const floats = new Set(inferred.filter(({ dataType }) => dataType === DataType.FLOAT).map(({ name }) => name))
  const written = new Set(proto.graph.node.flatMap(({ output }) => output))
  return [...written].filter((name) => floats.has(name))
}

function withOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const present = new Set(proto.graph.output.map(({ name }) => name))
  const added = names.filter((name) => !present.has(name)).map((name) => ({ name }))
  return { ...proto, graph: { ...proto.graph, output: [...proto.graph.output, ...added] } }
}
