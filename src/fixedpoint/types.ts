// The numbers of fixed-point arithmetic: chips, scales, shifts and multipliers.

/** A chip, as data. Widths are in bits; a width of n holds [-2^(n-1), 2^(n-1)-1]. */
export interface ChipProfile {
  readonly name: string
  /** Widths the chip computes in. */
  readonly bitWidths: readonly number[]
  /** Where these widths may be mixed in one model. */
  readonly mixedWidths: boolean
  readonly weightBits: number
  /** A tensor that only leaves the chip (outputs, software operators) is stored this wide. */
  readonly wideBits: number
  readonly accumulatorBits: number
  /** Width of the intermediate sum after q0. */
  readonly convsumBits: number
  readonly multiplierBits: number
  readonly biasBits: number
  /** Allowed range of every q, inclusive. */
  readonly qRange: readonly [number, number]
  readonly rounding: 'half_away_from_zero'
}

/** A tensor held as integers: real value = integer * scale. */
export interface QuantizedTensor {
  readonly name: string
  /** float32-representable, positive. */
  readonly scale: number
  readonly bits: number
}

/**
 * acc = sum x*w (int32); a0 = clip(rshift(acc, q0), convsumBits); a1 = rshift(a0 * scaleInt16[c], q1) + biasInt16[c];
 * y = min(max(rshift(a1, q2), low), high). rshift rounds half away from zero. c is the output channel (conv) or column (matmul).
 */
export interface ScaleFix {
  readonly q0: number
  readonly q1: number
  readonly q2: number
  readonly scaleInt16: Int16Array
  readonly biasInt16: Int16Array
  /** Bounds of y in integers: the width's range, narrowed by a fused Relu or Clip. */
  readonly low: number
  readonly high: number
}

/** One input's requantization: rshift(x * multiplier, shift). */
export interface Requantize {
  readonly multiplier: number
  readonly shift: number
}

/** A tensor of integers, row-major; for operators over space NCHW. */
export interface IntTensor {
  readonly dims: readonly number[]
  readonly data: Int32Array
}
