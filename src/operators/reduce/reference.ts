// Reductions over integers.

import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { fits, requantize } from '../../oracle/arithmetic.js'
import { squareRoot } from '../../oracle/root.js'
import { rowsOver } from '../../oracle/rows.js'
import type { ReferenceContext } from '../contexts.js'
import type { Reduction } from './plan.js'
import type { FixedExtreme, FixedSum } from './solve.js'

export function referenceSum(
  operator: FixedSum,
  [input]: readonly IntTensor[],
  { arithmetic, bits }: ReferenceContext,
): IntTensor[] {
  const { addend, inputShift, rootBits, q0 } = operator
  const [low, high] = rangeOf(bits(operator.outputs[0]!))
  // A sum of squares has no sign.
  const accumulatorBits = addend === 'norm' ? 33 : arithmetic(operator.inputs[0]!).accumulatorBits
  const added = (x: number) =>
    addend === 'element' ? x : addend === 'magnitude' ? Math.abs(x) : rshift(x, inputShift) ** 2
  const reduce = (row: readonly number[]) => {
    const sum = fits(
      row.reduce((total, x) => total + added(x), 0),
      accumulatorBits,
      'A sum',
    )
    const total = addend === 'norm' ? squareRoot(BigInt(sum) << BigInt(2 * rootBits)) : rshift(sum, q0)
    return clip(requantize(total, operator.requantize), low, high)
  }
  return [reduced(input!, operator, reduce)]
}

export function referenceExtreme(operator: FixedExtreme, [input]: readonly IntTensor[]): IntTensor[] {
  return [reduced(input!, operator, (row) => (operator.extreme === 'max' ? Math.max(...row) : Math.min(...row)))]
}

function reduced(
  { dims, data }: IntTensor,
  { axes, keepDims }: Reduction,
  reduce: (row: readonly number[]) => number,
): IntTensor {
  const results = rowsOver(axes, dims).map((places) => reduce(places.map((at) => data[at]!)))
  const left = dims.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keepDims ? [1] : []))
  return { dims: left, data: Int32Array.from(results) }
}
