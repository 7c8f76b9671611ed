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
  /** Only operators in float, the caller or those that gain from them read it, and what writes it can write the chip's wide integers. */
  readonly leavesChip: boolean
}

/** A tensor that is a function of others' values, nowhere steep: its histogram is the image of theirs, so it need not be observed. */
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
  /** Those of the groups' sources that are not observed. */
  readonly derived: ReadonlyMap<string, DerivedTensor>
  /** What calibration exposes, in graph order: all that the groups' sources come from. */
  readonly observed: readonly string[]
  /**
   * Scores (see onnx/scores.ts) that a mask may have reached. What is masked counts for no threshold; the scales reach so far that a Softmax makes next
   * to nothing of it.
   */
  readonly masked: ReadonlySet<string>
  /** Tensors that the float graph does not have -> the one whose values they hold in fewer bits. */
  readonly narrowed: ReadonlyMap<string, string>
  /** Tensors of steps that the float graph has no sequence of. */
  readonly inner: ReadonlySet<string>
  /** What tensors with a zero point are short of, by tensor; absent: none has one. */
  readonly offsets?: ReadonlyMap<string, number>
  readonly tensors: ReadonlyMap<string, TensorInfo>
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
