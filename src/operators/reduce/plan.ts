// Sums, means, norms and extremes of a tensor over some of its axes.

import { intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { reducedAxes } from '../axes.js'
import type { Gain, Match, PlannedOperator, Refusal } from '../types.js'

export interface Reduction {
  /** Not negative, ascending. */
  readonly axes: readonly number[]
  /** Whether the reduced axes stay, with a size of one. */
  readonly keepDims: boolean
}

/** What is added up: the elements, their magnitudes or their squares; 'norm' takes the root of the sum of squares. */
export type Addend = 'element' | 'magnitude' | 'square' | 'norm'

/** y = factor * sum. */
export interface PlannedSum extends PlannedOperator, Reduction {
  readonly kind: 'sum' | 'norm'
  readonly addend: Addend
  readonly factor: number
  /** Addends in a sum. */
  readonly length: number
}

export interface PlannedExtreme extends PlannedOperator, Reduction {
  readonly extreme: 'max' | 'min'
}

const addends: Readonly<Record<string, Addend>> = {
  GlobalAveragePool: 'element',
  ReduceL1: 'magnitude',
  ReduceL2: 'norm',
  ReduceMean: 'element',
  ReduceSum: 'element',
  ReduceSumSquare: 'square',
}

const extremes: Readonly<Record<string, PlannedExtreme['extreme']>> = { ReduceMax: 'max', ReduceMin: 'min' }

/** Longer sums of 8-bit integers and of their squares leave the accumulator. */
const LARGEST_LENGTHS: Readonly<Record<Addend, number>> = {
  element: 2 ** 24 - 1,
  magnitude: 2 ** 24 - 1,
  square: 2 ** 17 - 1,
  norm: 2 ** 17 - 1,
}

export function sumOf(
  kind: PlannedSum['kind'],
  node: NodeProto,
  view: GraphView,
): Match<PlannedSum> | Refusal | undefined {
  const addend = addends[node.opType]
  const [input] = node.input
  if (addend === undefined || (addend === 'norm') !== (kind === 'norm') || !view.isActivation(input)) return undefined
  const reduction = reductionOf(node, view)
  if ('refusal' in reduction) return reduction
  const length = reduction.axes.reduce((product, axis) => product * view.dims(input)[axis]!, 1)
  if (length > LARGEST_LENGTHS[addend]) return { refusal: `a sum of ${length} addends leaves 32 bits` }
  const isMean = node.opType === 'GlobalAveragePool' || node.opType === 'ReduceMean'
  const sum = { addend, factor: isMean ? 1 / length : 1, length }
  return { kind, nodes: [node], inputs: [input], outputs: [node.output[0]!], ...reduction, ...sum }
}

export function extremeOf(node: NodeProto, view: GraphView): Match<PlannedExtreme> | Refusal | undefined {
  const extreme = extremes[node.opType]
  const [input] = node.input
  if (extreme === undefined || !view.isActivation(input)) return undefined
  const reduction = reductionOf(node, view)
  if ('refusal' in reduction) return reduction
  return { kind: 'extreme', nodes: [node], inputs: [input], outputs: [node.output[0]!], ...reduction, extreme }
}

/** undefined for sums of other things than the elements themselves. */
export function sumGains({ addend, factor, length }: PlannedSum): Gain[] | undefined {
  return addend === 'element' ? [{ constant: factor * length, noise: factor ** 2 * length }] : undefined
}

function reductionOf(node: NodeProto, view: GraphView): Reduction | Refusal {
  const isPool = node.opType === 'GlobalAveragePool'
  const space = view
    .dims(node.input[0]!)
    .slice(2)
    .map((_, index) => index + 2)
  const axes = isPool ? space : reducedAxes(node, view)
  if (axes === undefined) return { refusal: 'its axes are computed' }
  return { axes, keepDims: isPool || intAttribute(node, 'keepdims', 1) === 1 }
}
