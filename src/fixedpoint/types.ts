// The fixed-point model: every number the chip needs, in integers. Written by solving a plan with thresholds,
// read by the reference arithmetic (the oracle), the integer-model exporter and the scale JSON.

import type { NodeProto, TensorInfo } from '../onnx/types.js'

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

interface FixedBase {
  readonly name: string
  readonly nodes: readonly NodeProto[]
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

export interface FixedConv extends FixedBase {
  readonly kind: 'conv'
  readonly input: string
  readonly output: string
  /** int8 [M, C/group, ...kernel]. */
  readonly weights: { readonly dims: readonly number[]; readonly data: Int8Array }
  /** Per output channel, real weight = integer * weightScales[c]. */
  readonly weightScales: Float64Array
  readonly group: number
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
  readonly scaleFix: ScaleFix
  /**
   * Proved bound of |acc|, and of every partial sum in any order: the largest over channels of what the weights can reach
   * with inputs in the input's integer range (0 included, as padding).
   */
  readonly accumulatorBound: number
}

export interface FixedMatMul extends FixedBase {
  readonly kind: 'matmul'
  readonly input: string
  readonly output: string
  /** int8 [K, N]. */
  readonly weights: { readonly dims: readonly [number, number]; readonly data: Int8Array }
  readonly weightScales: Float64Array
  readonly scaleFix: ScaleFix
  readonly accumulatorBound: number
}

/** y = table[x + 128]. */
export interface FixedTable extends FixedBase {
  readonly kind: 'table'
  readonly input: string
  readonly output: string
  /** 256 entries; int8 values for a narrow output, int16 for a wide one. */
  readonly table: Int16Array
  readonly label: string
}

/** One input's requantization: rshift(x * multiplier, shift). */
export interface Requantize {
  readonly multiplier: number
  readonly shift: number
}

/** y = clip(rshift(rq(a) + rq(b), q2)): both inputs at the output's scale times 2^-q2. */
export interface FixedAdd extends FixedBase {
  readonly kind: 'add'
  readonly inputs: readonly [string, string]
  readonly output: string
  /** The second multiplier is negative for a subtraction. */
  readonly requantize: readonly [Requantize, Requantize]
  readonly q2: number
  readonly low: number
  readonly high: number
}

/** y = clip(rshift(a * b * multiplier, shift)). */
export interface FixedMul extends FixedBase {
  readonly kind: 'mul'
  readonly inputs: readonly [string, string]
  readonly output: string
  readonly requantize: Requantize
  readonly low: number
  readonly high: number
}

/** Inputs already at the output's scale have an undefined requantize; the others are clip(rshift(x * multiplier, shift)). */
export interface FixedConcat extends FixedBase {
  readonly kind: 'concat'
  readonly inputs: readonly string[]
  readonly output: string
  readonly axis: number
  readonly requantize: readonly (Requantize | undefined)[]
}

/** Integer maximum; padding never wins. The node's own attributes apply. */
export interface FixedMaxPool extends FixedBase {
  readonly kind: 'maxpool'
  readonly input: string
  readonly output: string
}

/** y = clip(rshift(sum * multiplier, shift)). */
export interface FixedAveragePool extends FixedBase {
  readonly kind: 'averagepool'
  readonly input: string
  readonly output: string
  readonly kernelShape: readonly number[]
  readonly strides: readonly number[]
  readonly pads: readonly number[]
  readonly channels: number
  readonly global: boolean
  readonly requantize: Requantize
}

export interface FixedShape extends FixedBase {
  readonly kind: 'shape'
  readonly input: string
  readonly outputs: readonly string[]
}

/** Float nodes: quantized inputs are dequantized before, outputs in `quantized` are quantized after. */
export interface FixedSoftware extends FixedBase {
  readonly kind: 'software'
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly reason: string | undefined
}

export type FixedOperator =
  | FixedConv
  | FixedMatMul
  | FixedTable
  | FixedAdd
  | FixedMul
  | FixedConcat
  | FixedMaxPool
  | FixedAveragePool
  | FixedShape
  | FixedSoftware

export interface FixedPointModel {
  readonly chip: ChipProfile
  readonly operators: readonly FixedOperator[]
  /**
   * Tensors held as integers. A graph input in this map is quantized at entry: q = clip(round_half_away(x / scale)), in double.
   * Dequantizing is float32(q) * float32(scale), one float32 multiplication.
   */
  readonly quantized: ReadonlyMap<string, QuantizedTensor>
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Things the user should know: a clamped bias, a channel of zeros... */
  readonly warnings: readonly string[]
}

/** A tensor of integers, row-major; for operators over space NCHW. */
export interface IntTensor {
  readonly dims: readonly number[]
  readonly data: Int32Array
}
