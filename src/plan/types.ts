// The quantization plan: how the float graph is cut into the chip's operators, which tensors share a scale and which are observed.
// It is a function of the graph and its shapes alone; statistics come later.

import type { NodeProto, TensorInfo } from '../onnx/types.js'

/** Clamp that an accumulating operator applies at no cost: y = min(max(x, low), high), in real units. Relu is {low: 0, high: Infinity}. */
export interface Clamp {
  readonly low: number
  readonly high: number
}

interface PlannedBase {
  /** Name of the operator: its first node's, made unique and never empty (`Conv_conv1` style is for display). */
  readonly name: string
  /** The float nodes it stands for, in graph order; the last one's output is `output`. */
  readonly nodes: readonly NodeProto[]
}

export interface PlannedConv extends PlannedBase {
  readonly kind: 'conv'
  readonly input: string
  readonly output: string
  /** float32 [M, C/group, ...kernel]. */
  readonly weights: { readonly dims: readonly number[]; readonly data: Float32Array }
  /** float32 [M]; zeros where the node has none. */
  readonly bias: Float32Array
  readonly group: number
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Explicit, [begin..., end...]: auto_pad is resolved with the tensor's dims. */
  readonly pads: readonly number[]
  readonly clamp: Clamp | undefined
}

/** y = x W + b over the last axis of x: Gemm and MatMul with a constant right side. */
export interface PlannedMatMul extends PlannedBase {
  readonly kind: 'matmul'
  readonly input: string
  readonly output: string
  /** float32 [K, N], alpha and transB already applied. */
  readonly weights: { readonly dims: readonly [number, number]; readonly data: Float32Array }
  /** float32 [N]; zeros where there is none. */
  readonly bias: Float32Array
  readonly clamp: Clamp | undefined
}

/** Any chain of elementwise nodes that is a function of one tensor (activations, hard-swish written out, arithmetic with scalar constants). */
export interface PlannedUnary extends PlannedBase {
  readonly kind: 'unary'
  readonly input: string
  readonly output: string
  /** The function in double precision. */
  readonly evaluate: (x: number) => number
  /** What it is, for reports: "HardSwish", "Sigmoid", "Add>Clip>Mul>Div". */
  readonly label: string
}

export interface PlannedBinary extends PlannedBase {
  readonly kind: 'add' | 'mul'
  /** Both are activations; numpy broadcasting. Sub is an add with `negate`. */
  readonly inputs: readonly [string, string]
  readonly output: string
  /** Whether the second input is subtracted. */
  readonly negate: boolean
  readonly clamp: Clamp | undefined
}

export interface PlannedConcat extends PlannedBase {
  readonly kind: 'concat'
  readonly inputs: readonly string[]
  readonly output: string
  readonly axis: number
}

export interface PlannedMaxPool extends PlannedBase {
  readonly kind: 'maxpool'
  readonly input: string
  readonly output: string
}

export interface PlannedAveragePool extends PlannedBase {
  readonly kind: 'averagepool'
  readonly input: string
  readonly output: string
  /** Window over the spatial axes. Global pooling is a window of the whole plane, no pads, stride 1. */
  readonly kernelShape: readonly number[]
  readonly strides: readonly number[]
  readonly pads: readonly number[]
  readonly channels: number
  /** Elements a window divides by: the same for all positions, else the operator is software. */
  readonly divisor: number
  readonly global: boolean
}

/** Moves values without changing them: Reshape, Flatten, Transpose, Squeeze, Unsqueeze, Slice, Split, Gather on data, Expand, nearest Resize... */
export interface PlannedShape extends PlannedBase {
  readonly kind: 'shape'
  /** The quantized input; the node's other inputs (shapes, indices) stay float-graph tensors. */
  readonly input: string
  readonly outputs: readonly string[]
}

/** Runs in float between a dequantize and a quantize, or does not touch activations at all (Shape, Cast of shapes, integer arithmetic). */
export interface PlannedSoftware extends PlannedBase {
  readonly kind: 'software'
  /** Every tensor its nodes (and their subgraphs) read from outside, initializers aside. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Why it is not on the chip: shown in the list of software operators; undefined for nodes that compute shapes only. */
  readonly reason: string | undefined
}

export type PlannedOperator =
  | PlannedConv
  | PlannedMatMul
  | PlannedUnary
  | PlannedBinary
  | PlannedConcat
  | PlannedMaxPool
  | PlannedAveragePool
  | PlannedShape
  | PlannedSoftware

/** Tensors that carry one scale: a max pool's two ends, a concat's parts... */
export interface ScaleClass {
  /** Name of its first tensor in graph order: unique and stable. */
  readonly name: string
  /** Every quantized tensor of the class, in graph order. */
  readonly tensors: readonly string[]
  /** The tensors, observed or derived, whose merged histogram is the histogram of the class. */
  readonly sources: readonly string[]
  /** 'wide': only software operators and graph outputs read it, and an accumulating operator writes it: it leaves the chip with the profile's wide bits. */
  readonly width: 'narrow' | 'wide'
}

/** A tensor that is a gentle function of others' values: its histogram is the image of theirs, so it need not be observed. */
export interface DerivedTensor {
  /** Sources whose values together are the function's arguments; they may be derived themselves. */
  readonly of: readonly string[]
  readonly evaluate: (x: number) => number
}

export interface Plan {
  /** In topological order. */
  readonly operators: readonly PlannedOperator[]
  readonly classes: readonly ScaleClass[]
  /** Tensor name -> class, for every tensor that is held as integers. */
  readonly classOf: ReadonlyMap<string, ScaleClass>
  /** Those of the classes' sources that are not observed. */
  readonly derived: ReadonlyMap<string, DerivedTensor>
  /** What calibration exposes, in graph order: all that the classes' sources come from. */
  readonly observed: readonly string[]
  readonly tensors: ReadonlyMap<string, TensorInfo>
}
