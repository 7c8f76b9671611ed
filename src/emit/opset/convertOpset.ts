// -ov: raises or lowers a model to another opset before anything else is done to it.

import { toNumber } from '../../onnx/elements/int64.js'
import { nameSource } from '../../onnx/graph.js'
import { modelInputs, opsetOf } from '../../onnx/model.js'
import { isStandardDomain } from '../../onnx/operators.js'
import { FREE_INITIALIZERS } from '../../onnx/passes/constants/constantInputs.js'
import { constantNodes } from '../../onnx/passes/constants/constantNodes.js'
import type { Inferred } from '../../onnx/shapes/inference.js'
import { makeTensor, tensorData, tensorDims } from '../../onnx/tensor.js'
import { DataType, type ModelProto, type TensorData, type TensorProto } from '../../onnx/types.js'
import { lowerNodes } from './lowerOpset.js'
import { upgradeNodes } from './opset.js'

/**
 * @param tensors what is known of the tensors' types and dims: some operators need them
 * @throws SquireError UNSUPPORTED naming every operator that has no form in the asked opset
 */
export function convertOpset(given: ModelProto, target: number, tensors: readonly Inferred[]): ModelProto {
  const opset = opsetOf(given)
  if (opset === target) return given
  const { proto } = constantNodes.apply(given)
  const unique = nameSource(proto.graph)
  const added: TensorProto[] = []
  const constants = proto.graph.initializer.map((tensor) => ({ ...tensor, dims: tensorDims(tensor) }))
  const known = new Map([...modelInputs(proto), ...constants, ...tensors].map((tensor) => [tensor.name, tensor]))
  // Without dims a tensor is a scalar or of unknown rank.
  const dims = (name: string) => (known.get(name)?.dims.length ? known.get(name)!.dims : undefined)
  const initializer = (wish: string, dataType: number, of: readonly number[], data: TensorData) => {
    const tensor = makeTensor(unique(wish), dataType, of, data)
    added.push(tensor)
    return tensor.name
  }
  const rank = (name: string) => dims(name)?.length
  const dataType = (name: string) => known.get(name)?.dataType
  const { node: nodes } = proto.graph
  const node =
    opset < target
      ? upgradeNodes(nodes, opset, { initializer, name: unique, rank, dataType }, target)
      : lowerNodes(nodes, opset, target, { initializer, dims, constant: constantsOf(proto) })
  const opsetImport = proto.opsetImport.map((entry) =>
    isStandardDomain(entry.domain) ? { ...entry, version: target } : entry,
  )
  const irVersion = Math.max(toNumber(proto.irVersion), FREE_INITIALIZERS)
  return {
    ...proto,
    irVersion,
    opsetImport,
    graph: { ...proto.graph, node, initializer: [...proto.graph.initializer, ...added] },
  }
}

/** The 64-bit integers of constants, by name. */
function constantsOf({ graph }: ModelProto): (name: string) => readonly number[] | undefined {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]))
  return (name) => {
    const tensor = tensors.get(name)
    return tensor?.dataType === DataType.INT64 ? Array.from(tensorData(tensor) as BigInt64Array, Number) : undefined
  }
}
