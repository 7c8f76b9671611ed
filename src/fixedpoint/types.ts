// The numbers of fixed-point arithmetic: chips, scales, shifts and multipliers.

/** How a chip sums products over inputs of one width. */
export interface AccumulatorWidths {
  readonly weightBits: number
  readonly accumulatorBits: number
  /** Width of the intermediate sum after q0. */
  readonly convsumBits: number
}

/** A chip, as data. Widths are in bits; a width of n holds [-2^(n-1), 2^(n-1)-1]. */
export interface ChipProfile {
  readonly name: string
  /** Widths of activations that the chip computes in. */
  readonly bitWidths: readonly number[]
  /** Whether these widths may be mixed in one model. */
  readonly mixesWidths: boolean
  /** Width of the input -> how products are summed: an entry for each of `bitWidths`. */
  readonly accumulators: Readonly<Record<number, AccumulatorWidths>>
  /** A tensor that only leaves the chip (outputs, operators in float) is stored this wide. */
  readonly wideBits: number
  readonly multiplierBits: number
  readonly biasBits: number
  /** Allowed range of every q, inclusive. */
  readonly qRange: readonly [number, number]
}

/** What a chip computes with on inputs of one width. */
export interface Arithmetic extends AccumulatorWidths, Pick<ChipProfile, 'multiplierBits' | 'biasBits' | 'qRange'> {
  /** The width of the input. */
  readonly inputBits: number
}

/** A tensor held as integers: real value = integer * scale. */
export interface QuantizedTensor {
  readonly name: string
  /** float32-representable, positive. */
  readonly scale: number
  readonly bits: number
  /** The constant that is to be added to its real values to get those of the float model as it was given; absent: 0. */
  readonly offset?: number
  /** Bounds, before the offset is added, beyond which its readers cannot tell values apart, so that clipping there loses nothing; absent: no bounds. */
  readonly told?: readonly [low: number, high: number]
  /** The tensor of the float graph whose values it holds, where that has another name. */
  readonly of?: string
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
