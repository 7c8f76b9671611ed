// What convolutions and matrix products have in common: sums of products with constant weights, then scaleFix.

import type { ScaleFix } from '../../fixedpoint/types.js'
import type { IntegerArray } from '../../fixedpoint/width.js'
import type { Clamp } from '../clamp.js'
import type { FixedOperator, PlannedOperator } from '../types.js'

export interface Weights<T, Dims extends readonly number[] = readonly number[]> {
  readonly dims: Dims
  readonly data: T
}

export interface PlannedAccumulation extends PlannedOperator {
  readonly weights: Weights<Float32Array>
  /** float32, one an output channel; zeros where the node has none. */
  readonly bias: Float32Array
  readonly clamp: Clamp | undefined
  /** The input is this much less than the float model's, and the bias has made up for it: one for all, or one a weight, in their order; absent: nothing. */
  readonly inputOffset?: number | Float32Array
  /** What refinement found; absent: the bias as it is, and the integers nearest to the weights. */
  readonly refined?: Refined
}

/** What an operator computes best with, found from calibration samples. */
export interface Refined {
  /** In real units, one an output channel; it goes with the integer weights. */
  readonly bias: Float32Array
  /** Integers of the weights by output channel, in the order of Products.rows; they hold where the channel has the scale they were chosen for. */
  readonly rows?: readonly { readonly scale: number; readonly integers: IntegerArray }[]
}

export interface FixedAccumulation extends FixedOperator {
  readonly weights: Weights<IntegerArray>
  /** Per output channel, real weight = integer * weightScales[c]. */
  readonly weightScales: Float64Array
  /** Per output channel, in real units, where it is not the float operator's: refined, or with an offset, it goes with the rounded weights. */
  readonly bias?: Float32Array
  readonly scaleFix: ScaleFix
  /**
   * Proved bound of the accumulator's magnitude, and of every partial sum in any order: the largest over channels of what the weights
   * can reach with inputs in the input's integer range (0 included, as padding).
   */
  readonly accumulatorBound: number
}
