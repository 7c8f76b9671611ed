// What a Scan hands from step to step.

import type { ScanState } from '../../onnx/scan.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { PlannedOperator, Refusal } from '../types.js'

/** Reads what a step wrote and, before the first step, a tensor from outside; writes what the next step reads, and the last state. */
export interface PlannedState extends PlannedOperator {
  readonly kind: 'state'
  /** What the state is before the first step, where it is constant; else it is the second input. */
  readonly initial: FloatConstant | undefined
  /** Whether the second output, the state after the last step, is read. */
  readonly isRead: boolean
  readonly dims: readonly number[]
}

/**
 * @param scan the Scan's name
 * @param after the tensor that a step writes, by the name that it has among the steps' operators
 * @param isUsed whether anything outside reads a tensor
 */
export function stateOf(
  { initial, before, last }: ScanState,
  scan: string,
  after: string,
  view: GraphView,
  dims: readonly number[],
  isUsed: (name: string) => boolean,
): PlannedState | Refusal {
  const isFed = view.isActivation(initial)
  const constant = isFed ? undefined : constantState(initial, dims, view)
  if (!isFed && constant === undefined) return { refusal: 'a first state is computed from dims' }
  const isRead = isUsed(last)
  return {
    kind: 'state',
    name: `${scan}_${before}`,
    nodes: [],
    inputs: isFed ? [after, initial] : [after],
    outputs: isRead ? [before, last] : [before],
    initial: constant,
    isRead,
    dims,
  }
}

/** A constant, or zeros of whatever batch. */
function constantState(name: string, dims: readonly number[], view: GraphView): FloatConstant | undefined {
  const constant = view.constant(name)
  if (constant !== undefined) return constant
  const producer = view.index.producer(name)
  const expanded = producer?.opType === 'Expand' ? view.constant(producer.input[0]) : undefined
  if (expanded === undefined || expanded.data.some((value) => value !== 0)) return undefined
  return { dims, data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)) }
}
