// The quantization plan: how the float graph is cut into the chip's operators, which tensors share a scale and which are observed.
// It is a function of the graph and its shapes alone; statistics come later.

import type { ChipProfile, QuantizedTensor } from '../fixedpoint/types.js'
import type { TensorInfo } from '../onnx/types.js'
import type { FixedOperator, PlannedOperator } from '../operators/types.js'

/** Tensors that carry one scale: a max pool's two ends, a concat's parts... */
export interface ScaleGroup {
  /** Name of its first tensor in graph order: unique and stable. */
  readonly name: string
  /** Every quantized tensor of the group, in graph order. */
  readonly tensors: readonly string[]
  /** The tensors, observed or derived, whose merged histogram is the histogram of the group. */
  readonly sources: readonly string[]
  readonly bits: number
  /** Whether it has wide integers: whatever writes it can write them, and it is read by operators in float, the caller and operators that gain from them alone. */
  readonly leavesChip: boolean
}

/** A tensor that need not be observed: it is a function of other tensors' values that is nowhere steep, so that its histogram follows from theirs. */
export interface DerivedTensor {
  /** Sources whose values together are the function's arguments; they may be derived themselves. */
  readonly of: readonly string[]
  readonly evaluate: (x: number) => number
}

export interface Plan {
  /** In topological order. */
  readonly operators: readonly PlannedOperator[]
  readonly groups: readonly ScaleGroup[]
  /** Tensor name -> group, for every tensor of the float graph that is held as integers. */
  readonly groupOf: ReadonlyMap<string, ScaleGroup>
  /** The sources of groups that are not observed. */
  readonly derived: ReadonlyMap<string, DerivedTensor>
  /** The tensors that calibration observes, in graph order: all sources of groups that are not derived, and what the derived ones follow from. */
  readonly observed: readonly string[]
  /**
   * Scores (see onnx/scores.ts) that a mask may have been added to. Masked values count for no threshold; scales reach so far that a Softmax makes next
   * to nothing of them.
   */
  readonly masked: ReadonlySet<string>
  /** Narrowed copy, which the float graph does not have -> the tensor whose values it holds in fewer bits. */
  readonly narrowed: ReadonlyMap<string, string>
  /** Tensors of steps whose values the float graph shows as no sequence. */
  readonly inner: ReadonlySet<string>
  /** The offset of each tensor with a zero point; absent: no tensor has one. */
  readonly offsets?: ReadonlyMap<string, number>
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Of the model: names. */
  readonly outputs: ReadonlySet<string>
}

/** The fixed-point model: every number the chip needs, in integers. */
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
