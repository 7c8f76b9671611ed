// A Conv whose weights are computed becomes a matrix product of the weights and of what each window sees:
//
//     [g, M/g, C/g k] [N, g, C/g k, positions]  ->  [N, M, positions]

import { intAttribute } from '../../../attribute.js'
import type { GraphIndex } from '../../../graph.js'
import { elementCount } from '../../../tensor.js'
import type { NodeProto } from '../../../types.js'
import { lowering, type NodeWriter } from '../../lowering.js'
import { windowsOf } from './windows.js'

export const lowerDynamicConv = lowering('Conv nodes with computed weights made products', ['Conv'], lower, hasComputed)

function hasComputed({ input }: NodeProto, index: GraphIndex): boolean {
  return index.initializer(input[1]!) === undefined
}

function lower(writer: NodeWriter, node: NodeProto): string | undefined {
  const [input, weights, bias = ''] = node.input as [string, string, string?]
  const [dims, kernels] = [writer.dims(input), writer.dims(weights)]
  if (!writer.isFloat(input) || dims === undefined || kernels === undefined) return undefined
  const [features, , ...kernel] = kernels as [number, number, ...number[]]
  const [batch, channels] = dims as [number, number]
  if (kernel.length === 0 || dims.length !== kernels.length || dims.includes(0) || kernels.some((size) => size < 1))
    return undefined
  const group = intAttribute(node, 'group', 1)
  const { values, elements, counts } = windowsOf(writer, node, dims, kernel)
  const positions = elementCount(counts)
  const depth = (channels / group) * elements
  const columns = writer.reshape(values, [batch, group, depth, positions])
  const rows = writer.reshape(weights, [group, features / group, depth])
  const sums = writer.reshape(writer.add('MatMul', [rows, columns]), [batch, features, ...counts])
  if (bias === '') return sums
  return writer.add('Add', [sums, writer.reshape(bias, [features, ...counts.map(() => 1)])])
}
