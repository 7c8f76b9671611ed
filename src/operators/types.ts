// What a family of operators is. A family has one home, a folder:
//
//   plan.ts       which float nodes become an operator of the family
//   solve.ts      the operator's integers, from the scales of its tensors
//   emit.ts       the integers as standard ONNX nodes
//   reference.ts  the oracle: what the chip computes, in slow and obvious loops
//   index.ts      the family as one value, with its traits, for the registry
//
// emit.ts and reference.ts share no arithmetic: each is the other's test. Everything outside of the folder asks for traits, never for a kind.

import type { Integers } from '../emit/arithmetic.js'
import type { Emitter } from '../emit/builder.js'
import type { GivenScaleFix } from '../fixedpoint/givenScaleFix.js'
import type { Offence } from '../fixedpoint/multiplier.js'
import type { Arithmetic, ChipProfile, IntTensor, QuantizedTensor, ScaleFix } from '../fixedpoint/types.js'
import type { IntegerArray } from '../fixedpoint/width.js'
import type { GraphIndex } from '../onnx/graph.js'
import type { NodeProto, TensorProto } from '../onnx/types.js'
import type { GraphView } from '../plan/view.js'
import type { Reading } from '../refine/reading.js'
import type { Offsets } from './offsets.js'
import type { Traits } from './traits.js'

/** An operator, planned or with its integers: plain data, so that threads can hand it on. Families add what they need. */
interface Operator {
  /** The family's. */
  readonly kind: string
  /** Its first node's, made unique and never empty. */
  readonly name: string
  /** The float nodes it stands for, in graph order. */
  readonly nodes: readonly NodeProto[]
  /** The tensors it reads as integers, in its own order. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** The operators that it runs again and again, on tensors that share names and scales with the sequences that their values make up. */
  readonly steps?: readonly Operator[]
}

export interface PlannedOperator extends Operator {
  readonly steps?: readonly PlannedOperator[]
}
export interface FixedOperator extends Operator {
  readonly steps?: readonly FixedOperator[]
}

/** An operator before it has a name. */
export type Match<P extends PlannedOperator = PlannedOperator> = Omit<P, 'name'>

/** The node is of the family, but the chip has no form of it. */
export interface Refusal {
  readonly refusal: string
}

/** Divides a graph into operators of the chip, in topological order; refuses where one of them would run in float. */
export type Divide = (view: GraphView) => readonly Part[] | Refusal

export interface Part {
  readonly operator: PlannedOperator
  readonly traits: Traits
}

/** An output whose values are a function of one input's: its histogram follows from the input's. */
export interface Derivation {
  readonly input: string
  readonly output: string
  readonly evaluate: (x: number) => number
}

/** An operator as sums of products, which is what refinement knows of it. */
export interface Products {
  readonly reading: Reading
  /** The real weights of each output channel, in the order of a patch. */
  readonly rows: readonly Float32Array[]
}

/** What comes of one input at the output of a linear operator. */
export interface Gain {
  /** Of a constant that is added to all of the input. */
  readonly constant: number
  /** Of the power of noise whose values have nothing to do with each other. */
  readonly noise: number
}

/** Where the main graph shows what a step reads: as a sequence along the first axis. */
export interface ShownSequence {
  readonly name: string
  /** The one element that no step reads: a state that the last step leaves. */
  readonly unread: 'first' | 'last' | undefined
}

export type IntegerRange = readonly [low: number, high: number]

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

export interface Solved<F extends FixedOperator = FixedOperator> {
  readonly operator: F
  /** What the user should know, each a clause. */
  readonly warnings: readonly string[]
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
  /** Between what they lie, as the operators before imply. */
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
  /** Whether what steps write is to be a sequence of the main graph though no operator reads it: an output that shows all layers. */
  exposes(sequence: string): boolean
}

/**
 * Writes operators into a graph of their own.
 * @param tensors all that go into it and out of it
 * @param constants those that the source's own nodes may read
 */
export type MakeSteps = (
  operators: readonly FixedOperator[],
  tensors: readonly string[],
  constants: readonly TensorProto[],
) => StepGraph

export interface StepGraph {
  readonly nodes: readonly NodeProto[]
  readonly initializers: readonly TensorProto[]
  /** The name under which the steps read what goes into them. */
  read(tensor: string): string
  /** The name under which they give what others read. */
  written(tensor: string): string
}

/** The QDQ graph that copies of an operator's float nodes become part of. */
export interface QdqContext {
  readonly index: GraphIndex
  quantized(tensor: string): QuantizedTensor | undefined
  /** Writes operators into a graph of their own, in place of one of the source's. */
  steps(operators: readonly FixedOperator[], graph: QdqSteps): StepGraph
}

export interface QdqSteps {
  /** All that go into it and out of it. */
  readonly tensors: readonly string[]
  /** What the source's graph calls those of them that have another name outside. */
  readonly elements: ReadonlyMap<string, string>
  /** Those that it gives. */
  readonly outputs: ReadonlySet<string>
  /** Those that the source's own nodes may read. */
  readonly constants: readonly TensorProto[]
}

export interface ReferenceContext {
  /** What the chip computes with on a tensor's integers. */
  arithmetic(tensor: string): Arithmetic
  /** Width of a quantized tensor. */
  bits(tensor: string): number
  /** The oracle of another operator, whatever its family. */
  run(operator: FixedOperator, inputs: readonly IntTensor[]): readonly IntTensor[]
}

/**
 * A family: `P` is what its plan says of an operator, `F` what the chip is given.
 * Methods, not function properties: a registry of families of different operators is sound as long as each is given its own.
 */
export interface Family<P extends PlannedOperator = PlannedOperator, F extends FixedOperator = FixedOperator> {
  readonly kind: string
  readonly traits: Traits
  /**
   * The operator that starts at a node of the standard domain; a refusal with the reason; undefined for a node of other families.
   * Absent where only the plan puts operators in.
   * @param divide divides a graph inside of the node
   */
  match?(node: NodeProto, view: GraphView, divide: Divide): Match<P> | Refusal | undefined
  /** Where it is left away, nothing is derived. */
  derivation?(operator: P): Derivation | undefined
  /** The function of one tensor, element by element, that it computes; left away, or undefined, where it is none. */
  evaluate?(operator: P): (x: number) => number
  /** How its nodes hold tensors less a constant; left away, they are the same whatever that is, or the trait is 'none'. */
  readonly offsets?: Offsets<P>
  /** A magnitude that its outputs' scale must make room for where they are wide. */
  leastExtreme?(operator: P): number
  /** Whether it writes constants that stand for minus infinity. Where it is left away, it does not. */
  masks?(operator: P): boolean
  /** Whether small values that it reads matter as much as large ones, as they do to a logarithm. Where it is left away, they do not. */
  readonly readsSmallValues?: boolean
  /** Whether all values of its outputs are whole numbers. Where it is left away, they need not be. */
  givesIntegers?(operator: P): boolean
  /** Products in each sum; left away where it sums none. */
  depth?(operator: P): number
  /** The largest magnitude among the weights of each output channel, for reports. */
  largestWeights?(operator: P): readonly number[]
  /** Absent, or undefined, where it is no sum of products with constant weights that the float graph writes as one. */
  products?(operator: P): Products | undefined
  /** Of an operator with steps: the sequence of the values that a tensor of its steps has; undefined where the main graph does not show them. */
  shown?(operator: P, tensor: string): ShownSequence | undefined
  /** Of each input, where the output is a sum of the inputs' values times fixed factors, and a clamp. */
  gains?(operator: P): readonly Gain[] | undefined
  /** Of a sum of products with constant weights: its step from the accumulator to the output's integers, which its float form does not determine. */
  scaleFix?(operator: F): ScaleFix
  /** The integer weights of each output channel, in the same order. */
  integerRows?(operator: F): readonly IntegerArray[]
  solve(operator: P, context: SolveContext): Solved<F> | Offence
  /** The integers that each output can hold, given those that the inputs can; undefined for all of its width. */
  ranges(
    operator: F,
    inputs: readonly IntegerRange[],
    outputs: readonly QuantizedTensor[],
  ): readonly (IntegerRange | undefined)[]
  /** What the scale JSON says of it, in this order. */
  parameters(operator: F): Record<string, unknown>
  /** Adds its nodes; the names of its outputs' integers, or of real values for an output that is not quantized. */
  emit(e: Emitter, operator: F, context: EmitContext): readonly string[]
  /** Adds nodes of the QDQ model; the name of what its float nodes read there in place of an input. Where it is left away, the input as it is. */
  qdqInput?(e: Emitter, input: string, operator: F): string
  /** The form of one of its float nodes in the QDQ model; where it is left away, the node as it is. */
  qdqNode?(e: Emitter, node: NodeProto, operator: F, context: QdqContext): NodeProto
  /** Absent where integers are not computed but moved, by the source's own nodes. */
  reference?(operator: F, inputs: readonly IntTensor[], context: ReferenceContext): readonly IntTensor[]
}
