// Reductions in the form that an opset has.

import { makeAttribute } from '../onnx/attribute.js'
import { DataType } from '../onnx/types.js'
import type { Emitter } from './builder.js'

export interface ReducedAxes {
  readonly axes: readonly number[]
  /** Whether the reduced axes stay, with a size of one. */
  readonly keepDims: boolean
}

/** @param opset that is written: ReduceSum has its axes as an input since 13, which all have, the others since 18 */
export function reduce(
  e: Emitter,
  opType: 'ReduceSum' | 'ReduceMax' | 'ReduceMin',
  x: string,
  { axes, keepDims }: ReducedAxes,
  opset: number,
): string {
  const kept = makeAttribute('keepdims', keepDims ? 1 : 0)
  if (opType !== 'ReduceSum' && opset < 18) return e.emit(opType, [x], [makeAttribute('axes', axes), kept])
  const along = e.initializer('axes', DataType.INT64, [axes.length], BigInt64Array.from(axes, BigInt))
  return e.emit(opType, [x, along], [kept])
}
