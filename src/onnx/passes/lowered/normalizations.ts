// Normalizations whose factor or offset is computed multiply and add behind themselves, and those whose statistics somebody reads compute them apart.

import { floatAttribute, intAttribute } from '../../attribute.js'
import { elementCount } from '../../tensor.js'
import type { NodeProto } from '../../types.js'
import { lowering, type NodeWriter } from '../lowering.js'

/** Over the axes behind `axis`; the others have one factor a channel. */
const overLast: ReadonlySet<string> = new Set(['LayerNormalization', 'RMSNormalization'])

export const lowerComputedScaling = lowering(
  'computed factors and offsets of normalizations written out',
  ['BatchNormalization', 'InstanceNormalization', ...overLast],
  (writer, node) => {
    const [x, factor, offset = '', ...statistics] = node.input as [string, string, string?, ...string[]]
    const isComputed = [factor, offset].some((name) => name !== '' && !writer.isConstant(name))
    const dims = writer.dims(x)
    const isWhole =
      statistics.every((name) => writer.isConstant(name)) && !node.output.slice(1).some((name) => writer.isUsed(name))
    if (!isComputed || !isWhole || dims === undefined) return undefined
    const own = overLast.has(node.opType) ? dims.slice(intAttribute(node, 'axis', -1)) : dims.slice(1, 2)
    if (own.length === 0 || own.some((size) => size < 1)) return undefined
    const filled = (value: number) => writer.floats(own, new Float32Array(elementCount(own)).fill(value))
    const inputs = [x, filled(1), ...(offset === '' ? [] : [filled(0)]), ...statistics]
    const aligned = (name: string) =>
      overLast.has(node.opType) ? name : writer.reshape(name, [own[0]!, ...dims.slice(2).map(() => 1)])
    const product = writer.add('Mul', [writer.add(node.opType, inputs, node.attribute), aligned(factor)])
    return offset === '' ? product : writer.add('Add', [product, aligned(offset)])
  },
)

export const lowerNormalizationStatistics = lowering(
  'means and deviations of normalizations computed apart',
  ['LayerNormalization'],
  (writer, node) => {
    const [x = ''] = node.input
    const [, mean = '', inverse = ''] = node.output
    const rank = writer.openDims(x)?.length ?? 0
    if (rank === 0 || ![mean, inverse].some((name) => writer.isUsed(name))) return undefined
    writeStatistics(writer, node, rank)
    return writer.add('LayerNormalization', node.input, node.attribute)
  },
)

/** The mean, and one over the root of the variance plus epsilon. */
function writeStatistics(writer: NodeWriter, node: NodeProto, rank: number): void {
  const [x] = node.input as [string]
  const [, mean = '', inverse = ''] = node.output
  const axis = intAttribute(node, 'axis', -1)
  const axes = Array.from({ length: axis < 0 ? -axis : rank - axis }, (_, i) => rank - 1 - i).reverse()
  const center = writer.reduce('ReduceMean', x, axes, true)
  const distance = writer.add('Sub', [x, center])
  const variance = writer.reduce('ReduceMean', writer.add('Mul', [distance, distance]), axes, true)
  const epsilon = writer.floats([], Float32Array.of(floatAttribute(node, 'epsilon', Math.fround(1e-5))))
  const deviation = writer.add('Sqrt', [writer.add('Add', [variance, epsilon])])
  writer.also(mean, center)
  writer.also(inverse, writer.add('Reciprocal', [deviation]))
}
