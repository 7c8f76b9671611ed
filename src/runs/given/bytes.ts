// Inputs of bytes (-qid uint8) on a chip of signed bytes: the model takes 128 from them, so that each byte has a code, and convolutions take the 128
// in as they take a mean in.

import type { Config } from '../../config/config.js'
import { HALF_RANGE } from '../../onnx/entry.js'
import { nameSource } from '../../onnx/graph.js'
import { modelInputs } from '../../onnx/model.js'
import { makeNode } from '../../onnx/node.js'
import { type Optimized, optimize } from '../../onnx/passes/index.js'
import { makeTensor } from '../../onnx/tensor.js'
import { DataType, type Model, type ModelProto } from '../../onnx/types.js'
import { inputTypes } from './given.js'

/** The optimized model, with signed bytes in the place of bytes wherever what reads these can take 128 in. */
export function optimizeGiven(config: Config, source: Model, extent: 'all' | 'needed'): Promise<Optimized> {
  const types = inputTypes(config, source.proto)
  const bytes = modelInputs(source.proto).map(({ name }) => name)
  const isSigned = extent === 'all' && config.bitWidth === 8
  return optimizeBytes(source, isSigned ? bytes.filter((name) => types.get(name) === 'uint8') : [], extent)
}

async function optimizeBytes(source: Model, inputs: readonly string[], extent: 'all' | 'needed'): Promise<Optimized> {
  if (inputs.length === 0) return optimize(source, extent)
  const { proto, restored } = withSignedBytes(source.proto, inputs)
  const result = await optimize({ ...source, proto }, extent)
  const left = new Set(result.model.proto.graph.node.flatMap(({ output }) => output))
  const taken = inputs.filter((name) => !left.has(restored.get(name)!))
  return taken.length === inputs.length ? result : optimizeBytes(source, taken, extent)
}

/** The same function, with 128 taken from inputs and added again. */
function withSignedBytes(proto: ModelProto, inputs: readonly string[]) {
  const unique = nameSource(proto.graph)
  const half = makeTensor(unique('half_range'), DataType.FLOAT, [], Float32Array.of(HALF_RANGE))
  const restored = new Map(inputs.map((name) => [name, unique(`${name}_restored`)]))
  const nodes = inputs.flatMap((name) => {
    const signed = unique(`${name}_signed`)
    return [
      makeNode('Sub', [name, half.name], [signed], [], unique(`${name}_sub`)),
      makeNode('Add', [signed, half.name], [restored.get(name)!], [], unique(`${name}_add`)),
    ]
  })
  const readers = proto.graph.node.map((node) => ({
    ...node,
    input: node.input.map((name) => restored.get(name) ?? name),
  }))
  const graph = {
    ...proto.graph,
    node: [...nodes, ...readers],
    initializer: [...proto.graph.initializer, half],
  }
  return { proto: { ...proto, graph }, restored }
}
