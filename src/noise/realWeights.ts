// Integer weights as the real values that they stand for.

import { intAttribute } from '../onnx/attribute.js'
import { dequantized } from '../onnx/import/qdqConstants.js'
import { floatValues, makeTensor, tensorData, tensorDims } from '../onnx/tensor.js'
import { DataType, type NodeProto, type TensorProto } from '../onnx/types.js'

/** The inside of a branch: what its last node writes is its output. */
export interface Branch {
  readonly nodes: readonly NodeProto[]
  readonly initializers: readonly TensorProto[]
}

/**
 * Each DequantizeLinear of constants becomes a constant. The runtime would fuse such a node and the product behind it into one operator, which
 * rounds the other side of the product as well.
 */
export function withRealWeights({ nodes, initializers }: Branch): Branch {
  const constants = new Map(initializers.map((one) => [one.name, one]))
  const real = nodes.flatMap((node): TensorProto[] => {
    if (node.opType !== 'DequantizeLinear') return []
    const [integers, scale, zeros] = node.input.map((name) => constants.get(name)!)
    const dims = tensorDims(integers!)
    const { values } = dequantized(
      { dims, data: tensorData(integers!) as ArrayLike<number> },
      {
        scales: floatValues(scale!),
        zeroPoints: [...(tensorData(zeros!) as Iterable<number>)],
        dataType: integers!.dataType!,
        axis: intAttribute(node, 'axis', 1),
        block: 0,
      },
    )
    return [makeTensor(node.output[0]!, DataType.FLOAT, dims, values)]
  })
  const kept = nodes.filter(({ opType }) => opType !== 'DequantizeLinear')
  const read = new Set(kept.flatMap(({ input }) => input))
  return { nodes: kept, initializers: [...initializers, ...real].filter(({ name }) => read.has(name)) }
}
