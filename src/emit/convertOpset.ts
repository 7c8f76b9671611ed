// -ov: raises a model to a later opset before anything else is done to it.

import { SquireError } from '../errors.js'
import { nameSource } from '../onnx/graph.js'
import type { Inferred } from '../onnx/inference.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { isStandardDomain } from '../onnx/operators.js'
import { makeTensor } from '../onnx/tensor.js'
import type { ModelProto, TensorProto } from '../onnx/types.js'
import { upgradeNodes } from './opset.js'

/**
 * @param tensors what is known of the tensors' types and dims: some operators need them
 * @throws SquireError UNSUPPORTED for an earlier opset, and naming every operator that has no form in the asked one
 */
export function convertOpset(proto: ModelProto, target: number, tensors: readonly Inferred[]): ModelProto {
  const opset = opsetOf(proto)
  if (opset === target) return proto
  if (opset > target) {
    throw new SquireError(
      'UNSUPPORTED',
      `--opset-version (-ov) ${target}: the model has opset ${opset}, and squire converts to later opsets only. Leave -ov away, or export the model with opset ${target}.`,
    )
  }
  const unique = nameSource(proto.graph)
  const added: TensorProto[] = []
  const known = new Map([...modelInputs(proto), ...tensors].map((tensor) => [tensor.name, tensor]))
  const node = upgradeNodes(
    proto.graph.node,
    opset,
    {
      initializer(wish, dataType, dims, data) {
        const tensor = makeTensor(unique(wish), dataType, dims, data)
        added.push(tensor)
        return tensor.name
      },
      name: unique,
      // Without dims a tensor is a scalar or of unknown rank.
      rank: (name) => known.get(name)?.dims.length || undefined,
      dataType: (name) => known.get(name)?.dataType,
    },
    target,
  )
  const opsetImport = proto.opsetImport.map((entry) =>
    isStandardDomain(entry.domain) ? { ...entry, version: target } : entry,
  )
  return { ...proto, opsetImport, graph: { ...proto.graph, node, initializer: [...proto.graph.initializer, ...added] } }
}
