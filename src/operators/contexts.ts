// What the stages hand to a family: everything that its methods may ask for when they solve an operator's integers, write its nodes or run its oracle.

import type { Integers } from '../emit/arithmetic.js'
import type { Emitter } from '../emit/builder.js'
import type { GivenScaleFix } from '../fixedpoint/givenScaleFix.js'
import type { Arithmetic, ChipProfile, IntTensor, QuantizedTensor } from '../fixedpoint/types.js'
import type { GraphIndex } from '../onnx/graph.js'
import type { NodeProto, TensorProto } from '../onnx/types.js'
import type { FixedOperator, IntegerRange } from './types.js'

/** What is known when an operator's integers are solved: the operators before it have recorded their ranges. */
export interface SolveContext {
  readonly chip: ChipProfile
  readonly quantized: ReadonlyMap<string, QuantizedTensor>
  /** Which integers every quantized tensor can hold. */
  readonly ranges: ReadonlyMap<string, IntegerRange>
  /** c of tensors that are held as x - c. */
  readonly offsets?: ReadonlyMap<string, number>
  /** A table over inputs of 16 bits has 2^lutBits segments. */
  readonly lutBits: number
  /** What the model brings of its accumulating operators' integers; absent: nothing. */
  readonly accumulations?: GivenAccumulations
}

/** Integers of accumulating operators that are known before anything is solved. */
export interface GivenAccumulations {
  /** Scales that a constant's values are whole numbers of, by initializer: one for each index along `axis`, or one for all. */
  readonly weightScales?: ReadonlyMap<string, { readonly scales: Float32Array; readonly axis: number }>
  /** By operator. */
  readonly scaleFixes?: ReadonlyMap<string, GivenScaleFix>
}

/** The graph that an operator's integer nodes become part of. */
export interface EmitContext {
  /** The opset that is written: 13 or later. */
  readonly opset: number
  /** What the chip computes with on a tensor's integers. */
  arithmetic(tensor: string): Arithmetic
  quantized(tensor: string): QuantizedTensor | undefined
  /** The integers of a quantized tensor. */
  integers(tensor: string): Integers
  /** The smallest and the largest integer of the tensor, as far as the operators before it tell. */
  range(tensor: string): IntegerRange
  /** The name under which float nodes read a tensor: dequantized where the chip holds it. */
  real(tensor: string): string
  /** The name under which float nodes write a tensor that is quantized after them. */
  source(tensor: string): string
  /** Quantizes what float nodes wrote. */
  quantize(e: Emitter, tensor: string): void
  /** Adds copies of float nodes, raised to the opset that is written. */
  copy(nodes: readonly NodeProto[], read: (name: string) => string, write: (name: string) => string): void
  steps: MakeSteps
  /** Whether a sequence that steps write becomes an output of the main graph even where no operator reads it: the model with all layers as outputs wants it. */
  exposes(sequence: string): boolean
}

/**
 * Writes the operators of a Scan's steps into a graph of their own.
 * @param tensors every tensor that goes into that graph or comes out of it
 * @param constants of the source model; the graph gets those that its nodes read
 */
export type MakeSteps = (
  operators: readonly FixedOperator[],
  tensors: readonly string[],
  constants: readonly TensorProto[],
) => StepGraph

export interface StepGraph {
  readonly nodes: readonly NodeProto[]
  readonly initializers: readonly TensorProto[]
  /** What the graph calls a tensor that goes into it. */
  read(tensor: string): string
  /** What the graph calls a tensor that comes out of it. */
  written(tensor: string): string
}

/** The QDQ graph that copies of an operator's float nodes become part of. */
export interface QdqContext {
  readonly index: GraphIndex
  quantized(tensor: string): QuantizedTensor | undefined
  /** Writes the operators of a Scan's steps into a graph that takes the place of the source's. */
  steps(operators: readonly FixedOperator[], graph: QdqSteps): StepGraph
}

/** The border of the graph that `QdqContext.steps` writes. */
export interface QdqSteps {
  /** Every tensor that goes into the graph or comes out of it, by its name outside. */
  readonly tensors: readonly string[]
  /** Name outside -> name in the source's graph, where the two differ. */
  readonly elements: ReadonlyMap<string, string>
  /** The tensors that come out of the graph. */
  readonly outputs: ReadonlySet<string>
  /** Constants of the source model; the graph gets those that its nodes read. */
  readonly constants: readonly TensorProto[]
}

export interface ReferenceContext {
  /** What the chip computes with on a tensor's integers. */
  arithmetic(tensor: string): Arithmetic
  /** Width of a quantized tensor. */
  bits(tensor: string): number
  /** Runs the oracle of another operator, whatever its family. */
  run(operator: FixedOperator, inputs: readonly IntTensor[]): readonly IntTensor[]
}
