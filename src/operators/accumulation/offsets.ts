// A sum of products takes offsets into its bias: bias + c * (sum of a channel's weights) - c of the output.

import { DataType } from '../../onnx/types.js'
import { areClamps, type OffsetContext, type Offsets } from '../offsets.js'
import type { PlannedAccumulation } from './types.js'

/** What convolutions and products have in common. `hasChannelsFirst`: whether the weights of a channel lie together. */
export function accumulationOffsets<P extends PlannedAccumulation>(hasChannelsFirst: (operator: P) => boolean) {
  const biases = (operator: P, offset: number) => {
    const sums = weightSums(operator, hasChannelsFirst(operator))
    return Float64Array.from(operator.bias, (bias, c) => bias + offset * sums[c]!)
  }
  /** The bias that goes with the offsets of the input and the output. */
  const biasLess = (operator: P, context: OffsetContext) => {
    const [input, output] = [operator.inputs[0]!, operator.outputs[0]!]
    const to = context.offset(output)
    return Float32Array.from(biases(operator, context.offset(input)), (bias) => bias - to)
  }
  return {
    biases,
    reading: (operator, inputOffset) => ({ ...operator, inputOffset }),
    biasLess,
    /** The name of a constant that holds it. */
    bias(operator: P, context: OffsetContext): string {
      const values = biasLess(operator, context)
      return context.constant(`${operator.outputs[0]!}_bias`, DataType.FLOAT, [values.length], values)
    },
  } satisfies Pick<Offsets<P>, 'biases' | 'reading'> & {
    biasLess(operator: P, context: OffsetContext): Float32Array
    bias(operator: P, context: OffsetContext): string
  }
}

/** Whether an operator is a node of one of these types, with clamps behind it: chains of constants a channel are left alone. */
export function isPlain({ nodes: [first, ...rest] }: PlannedAccumulation, types: readonly string[]): boolean {
  return types.includes(first!.opType) && areClamps(rest)
}

/** Of operators whose zero points have been looked at before: every policy and tensor asks again. */
const knownSums = new WeakMap<PlannedAccumulation, Float64Array>()

/** The sum of the weights of each output channel or column. */
export function weightSums(operator: PlannedAccumulation, hasChannelsFirst: boolean): Float64Array {
  const sums = knownSums.get(operator) ?? summedWeights(operator, hasChannelsFirst)
  knownSums.set(operator, sums)
  return sums
}

function summedWeights({ weights, bias }: PlannedAccumulation, hasChannelsFirst: boolean): Float64Array {
  const channels = bias.length
  const sums = new Float64Array(channels)
  const depth = weights.data.length / channels
  const [rows, columns] = hasChannelsFirst ? [channels, depth] : [depth, channels]
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) sums[hasChannelsFirst ? row : column]! += weights.data[at]!
  }
  return sums
}
