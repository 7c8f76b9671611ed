// Where an integer model is judged beside the float model: at the outputs, or where a Softmax writes an output, at the scores that it reads, less their
// mean, as that is all that a Softmax reads. Few samples say more by their scores than by probabilities that are all near 0 or 1.

import type { Axes } from '../difference/centred.js'
import type { ComparedTensor } from '../engine/comparison.js'
import { writtenTensors } from '../export/tensorNames.js'
import { rangeOf } from '../fixedpoint/width.js'
import { intAttribute } from '../onnx/attribute.js'
import { opsetOf } from '../onnx/model.js'
import { rearranging } from '../onnx/operators.js'
import { DataType, type Model, type NodeProto } from '../onnx/types.js'
import type { FixedPointModel } from '../plan/types.js'

/** @param model what was quantized, with the dims of `fixed` */
export function judgedTensors({ proto }: Model, fixed: FixedPointModel): ComparedTensor[] {
  const written = new Map(
    writtenTensors(fixed, proto, { outputDequant: true }).map((tensor) => [tensor.of ?? tensor.name, tensor]),
  )
  const inputs = new Set(proto.graph.input.map(({ name }) => name))
  return proto.graph.output.flatMap(({ name }): ComparedTensor[] => {
    const softmax = softmaxBefore(proto, name)
    const scores = softmax && written.get(softmax.input[0]!)
    if (scores !== undefined) {
      const { scale, bits, offset = 0, integers } = scores
      const [low, high] = rangeOf(bits)
      const codes = { scale, low, high, offset, told: [-Infinity, Infinity] as const }
      const reference = softmax!.input[0]!
      const axes = softmaxAxes(proto, softmax!, fixed.tensors.get(reference)!.dims.length)
      return [{ reference, candidate: integers, codes, centred: axes, ownOutput: undefined }]
    }
    const isReal = fixed.tensors.get(name)?.dataType === DataType.FLOAT && !inputs.has(name)
    return isReal ? [{ reference: name, candidate: name, codes: undefined, ownOutput: undefined }] : []
  })
}

/** The Softmax whose values an output holds, whatever their dims. */
function softmaxBefore(proto: Model['proto'], output: string): NodeProto | undefined {
  const writer = proto.graph.node.find((node) => node.output.includes(output))
  if (writer === undefined || ['Softmax', 'LogSoftmax'].includes(writer.opType)) return writer
  return rearranging.has(writer.opType) ? softmaxBefore(proto, writer.input[0]!) : undefined
}

/** Before opset 13 a Softmax is one over all axes from its own on. */
function softmaxAxes(proto: Model['proto'], softmax: NodeProto, rank: number): Axes {
  const isFlat = opsetOf(proto) < 13
  const given = intAttribute(softmax, 'axis', isFlat ? 1 : -1)
  const axis = given < 0 ? given + rank : given
  return [axis, isFlat ? rank : axis + 1]
}
