// The oracle: what the chip computes, in slow and obvious loops over plain integers. It shares no code with the exported
// model and checks that no accumulator leaves its width and that no product leaves the integers a double holds exactly.

import { sizeOf } from './geometry.js'
import { conv, matmul } from './reference/accumulate.js'
import { add, concat, mul, table } from './reference/elementwise.js'
import { averagePool, maxPool } from './reference/pool.js'
import { clip, rangeOf, roundHalfAway } from './rounding.js'
import type { FixedOperator, FixedPointModel, IntTensor, QuantizedTensor } from './types.js'

export type { IntTensor } from './types.js'

/**
 * Runs one operator on integers.
 * @param inputs one tensor for each of the operator's quantized inputs, in its order
 * @param model gives the chip's widths, and the width of the output
 * @returns the operator's one output, in a list
 * @throws Error for shape and software operators, which have no arithmetic, and when a value leaves its width
 */
export function runReference(
  operator: FixedOperator,
  inputs: readonly IntTensor[],
  model: Pick<FixedPointModel, 'chip' | 'quantized'>,
): IntTensor[] {
  const expected = 'inputs' in operator ? operator.inputs.length : 1
  if (inputs.length !== expected) throw new Error(`${operator.name} takes ${expected} inputs, got ${inputs.length}.`)
  const first = inputs[0]!
  const second = inputs[1]!
  switch (operator.kind) {
    case 'conv':
      return [conv(operator, first, model.chip)]
    case 'matmul':
      return [matmul(operator, first, model.chip)]
    case 'table':
      return [table(operator, first)]
    case 'add':
      return [add(operator, first, second)]
    case 'mul':
      return [mul(operator, first, second)]
    case 'concat':
      return [concat(operator, inputs, bitsOf(model, operator.output))]
    case 'maxpool':
      return [maxPool(operator, first)]
    case 'averagepool':
      return [averagePool(operator, first, bitsOf(model, operator.output))]
    case 'shape':
    case 'software':
      throw new Error(`${operator.name} is a ${operator.kind} operator: it has no integer arithmetic.`)
  }
}

/** q = clip(round_half_away(x / scale)), in double. */
export function quantizeInput(values: Float32Array, dims: readonly number[], to: QuantizedTensor): IntTensor {
  if (values.length !== sizeOf(dims)) throw new Error(`${values.length} values do not fill [${dims}].`)
  const [low, high] = rangeOf(to.bits)
  const data = new Int32Array(values.length)
  values.forEach((x, index) => {
    data[index] = clip(roundHalfAway(x / to.scale), low, high)
  })
  return { dims, data }
}

/** float32(q) * float32(scale), one float32 multiplication. */
export function dequantize(tensor: IntTensor, { scale }: QuantizedTensor): Float32Array {
  // A float32 takes integers up to 2^24 exactly, the product of two float32 is exact in double: the store rounds once.
  return Float32Array.from(tensor.data, (q) => Math.fround(q) * Math.fround(scale))
}

function bitsOf(model: Pick<FixedPointModel, 'quantized'>, tensor: string): number {
  const quantized = model.quantized.get(tensor)
  if (!quantized) throw new Error(`The tensor "${tensor}" is not held as integers.`)
  return quantized.bits
}
