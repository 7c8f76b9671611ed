// Normalizations of rows to mean 0 and variance 1, then a factor and an offset: LayerNormalization over the last axes, InstanceNormalization over
// the spatial ones.

import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import { ZERO } from '../scaling/constants.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

export interface PlannedNormalization extends PlannedOperator {
  /** The rows run over this axis and those after it. */
  readonly axis: number
  /** How many axes that are. */
  readonly axes: number
  /** Elements of a row. */
  readonly length: number
  readonly epsilon: number
  readonly factor: FloatConstant
  readonly offset: FloatConstant
  readonly clamp: Clamp | undefined
}

/** Centered values of longer rows of 16-bit integers, times the inverse deviation, leave 50 bits. */
const LARGEST_LENGTH = 2 ** 15

export function normalizationOf(node: NodeProto, view: GraphView): Match<PlannedNormalization> | Refusal | undefined {
  const [input, factorName, offsetName = ''] = node.input
  if (!view.isActivation(input)) return undefined
  const dims = view.dims(input)
  const isLayer = node.opType === 'LayerNormalization'
  if (!isLayer && node.opType !== 'InstanceNormalization') return undefined
  const wanted = isLayer ? intAttribute(node, 'axis', -1) : 2
  const axis = wanted < 0 ? wanted + dims.length : wanted
  const length = dims.slice(axis).reduce((product, dim) => product * dim, 1)
  const factor = view.constant(factorName)
  const offset = offsetName === '' ? ZERO : view.constant(offsetName)
  if (!factor || !offset) return { refusal: 'its factor or offset is computed, not constant' }
  if (node.output.slice(1).some((name) => name !== '')) return { refusal: 'its mean or deviation is used' }
  if (length > LARGEST_LENGTH) return { refusal: `its rows have ${length} elements, more than ${LARGEST_LENGTH}` }
  // A value a channel, aligned with axis 1.
  const along = ({ dims: own, data }: FloatConstant) =>
    isLayer ? { dims: own, data } : { dims: [data.length, ...dims.slice(2).map(() => 1)], data }
  const fused = followingClamp(node.output[0]!, view)
  return {
    kind: 'normalization',
    nodes: [node, ...fused.nodes],
    inputs: [input],
    outputs: [fused.output],
    axis,
    axes: dims.length - axis,
    length,
    epsilon: floatAttribute(node, 'epsilon', Math.fround(1e-5)),
    factor: along(factor),
    offset: along(offset),
    clamp: fused.clamp,
  }
}
