// What a family of operators is. A family has one home, a folder:
//
//   plan.ts       which float nodes become an operator of the family
//   solve.ts      the operator's integers, from the scales of its tensors
//   emit.ts       the integers as standard ONNX nodes
//   reference.ts  the oracle: what the chip computes, in slow and obvious loops
//   index.ts      the family as one value, with its traits, for the registry
//
// emit.ts and reference.ts share no arithmetic: each is the other's test. Everything outside of the folder asks for traits, never for a kind.

import type { Emitter } from '../emit/builder.js'
import type { Offence } from '../fixedpoint/multiplier.js'
import type { IntTensor, QuantizedTensor, ScaleFix } from '../fixedpoint/types.js'
import type { IntegerArray } from '../fixedpoint/width.js'
import type { NodeProto } from '../onnx/types.js'
import type { GraphView } from '../plan/view.js'
import type { Reading } from '../refine/reading.js'
import type { EmitContext, QdqContext, ReferenceContext, SolveContext } from './contexts.js'
import type { Offsets } from './offsets.js'
import type { Traits } from './traits.js'

/** An operator, planned or with its integers: plain data, so that threads can hand it on. Families add what they need. */
interface Operator {
  /** The kind of its family. */
  readonly kind: string
  /** The name of its first node, made unique and never empty. */
  readonly name: string
  /** The float nodes it stands for, in graph order. */
  readonly nodes: readonly NodeProto[]
  /** The tensors it reads as integers, in its own order. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** The operators that it runs once for each element of its sequences. A tensor of theirs has the name and the scale of the sequence that its values make up. */
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

/** How much of one input reaches the output of a linear operator. */
export interface Gain {
  /** The factor of a constant that is added to every value of the input. */
  readonly constant: number
  /** The factor of the power of noise whose values are independent. */
  readonly noise: number
}

/** The sequence, along the first axis, by which the main graph shows the values that a tensor of the steps has. */
export interface ShownSequence {
  readonly name: string
  /** The element that no step reads, as the last state is handed to nobody; undefined where all are read. */
  readonly unread: 'first' | 'last' | undefined
}

export type IntegerRange = readonly [low: number, high: number]

export interface Solved<F extends FixedOperator = FixedOperator> {
  readonly operator: F
  /** What the user should know, each a clause. */
  readonly warnings: readonly string[]
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
  /** A magnitude that no output exceeds, whatever is read: 1 of a Sigmoid's. Where it is left away, or infinite, there is none. */
  limit?(operator: P): number
  /** Whether it writes constants that stand for minus infinity. Where it is left away, it does not. */
  masks?(operator: P): boolean
  /** Whether it decides by what it reads, so that a value beside the one that is meant may decide otherwise. Where it is left away, it does not. */
  readonly decides?: boolean
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
