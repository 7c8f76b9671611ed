// LocalResponseNormalization in operators that the chip has:
//
//     y = x / (bias + alpha / size * sum of x^2 over the `size` channels around)^beta            (ONNX operator LRN)
//
// The sum is an average over windows of channels, padded with zeros, which count.

import { floatAttribute, intAttribute, makeAttribute } from '../attribute.js'
import { nameSource } from '../graph.js'
import { opsetOf } from '../model.js'
import { makeNode } from '../node.js'
import { isStandardDomain } from '../operators.js'
import { makeTensor } from '../tensor.js'
import { type AttributeProto, DataType, type ModelProto, type NodeProto, type TensorProto } from '../types.js'
import { changed, type Pass } from './pass.js'

export const lowerLrn: Pass = {
  title: 'LRN nodes made squares, averages, powers and quotients',
  apply(proto: ModelProto) {
    const { graph } = proto
    const unique = nameSource(graph)
    const initializer: TensorProto[] = [...graph.initializer]
    let count = 0
    const node = graph.node.flatMap((one) => {
      if (one.opType !== 'LRN' || !isStandardDomain(one.domain)) return [one]
      count++
      const lowered = lower(one, opsetOf(proto), unique)
      initializer.push(...lowered.tensors)
      return lowered.nodes
    })
    return changed(proto, { node, initializer }, count)
  },
}

function lower(lrn: NodeProto, opset: number, unique: (wish: string) => string) {
  const [x = ''] = lrn.input
  const prefix = lrn.name || lrn.output[0]!
  const nodes: NodeProto[] = []
  const tensors: TensorProto[] = []
  const add = (opType: string, input: readonly string[], attributes: readonly AttributeProto[] = [], output = '') => {
    const name = output || unique(`${prefix}/${opType}`)
    nodes.push(makeNode(opType, input, [name], attributes, output === '' ? name : prefix))
    return name
  }
  const constant = (tensor: TensorProto) => {
    tensors.push(tensor)
    return tensor.name
  }
  const scalar = (name: string, value: number) =>
    constant(makeTensor(unique(`${prefix}/${name}`), DataType.FLOAT, [], Float32Array.of(value)))
  // Axes are an input since opset 13.
  const alongChannels = (opType: string, input: string) =>
    opset < 13
      ? add(opType, [input], [makeAttribute('axes', [1])])
      : add(opType, [input, constant(makeTensor(unique(`${prefix}/axes`), DataType.INT64, [1], BigInt64Array.of(1n)))])
  const size = intAttribute(lrn, 'size', 1)
  const before = Math.floor((size - 1) / 2)
  const window = [
    makeAttribute('kernel_shape', [size, 1, 1]),
    makeAttribute('pads', [before, 0, 0, size - 1 - before, 0, 0]),
    makeAttribute('count_include_pad', 1),
  ]
  const squares = alongChannels('Unsqueeze', add('Mul', [x, x]))
  const means = alongChannels('Squeeze', add('AveragePool', [squares], window))
  const scaled = add('Mul', [means, scalar('alpha', floatAttribute(lrn, 'alpha', 1e-4))])
  const sum = add('Add', [scaled, scalar('bias', floatAttribute(lrn, 'bias', 1))])
  const divisor = add('Pow', [sum, scalar('beta', floatAttribute(lrn, 'beta', 0.75))])
  add('Div', [x, divisor], [], lrn.output[0])
  return { nodes, tensors }
}
