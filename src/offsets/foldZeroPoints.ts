// From a plan and thresholds to a graph, a plan and thresholds in which tensors of one-sided ranges are held with an offset (groups.ts).

import { rangeOf } from '../fixedpoint/width.js'
import type { ModelProto, TensorInfo } from '../onnx/types.js'
import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { PlanOptions } from '../plan/options.js'
import { makePlan } from '../plan/plan.js'
import type { Plan } from '../plan/types.js'
import { chooseOffsets, type OffsetRequest } from './chooseOffsets.js'
import { groupNames } from './groups.js'
import { offsetGraph } from './offsetGraph.js'
import type { Offset } from './range.js'

export interface FoldRequest extends OffsetRequest {
  /** c of tensors, where it is known from another run and not to be found. */
  readonly given: ReadonlyMap<string, number> | undefined
  readonly options: PlanOptions
}

export interface Folded {
  readonly proto: ModelProto
  readonly plan: Plan
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly thresholds: ReadonlyMap<string, number>
  /** Groups of tensors with an offset. */
  readonly groups: number
  /** Pad nodes added for them. */
  readonly pads: number
  /** Sums added for them behind products. */
  readonly sums: number
}

/** undefined where no tensor takes an offset. */
export function foldZeroPoints(request: FoldRequest): Folded | undefined {
  const { model, plan, given, options } = request
  const found = given === undefined ? chooseOffsets(request) : new Map<string, Offset>()
  const ofTensors = [...found].flatMap(([name, { offset }]) =>
    plan.groupOf.get(name)!.tensors.map((tensor) => [tensor, offset] as const),
  )
  const wanted = given ?? new Map(ofTensors)
  if (wanted.size === 0) return undefined
  const { proto, tensors, offsets, pads, sums } = offsetGraph(model.proto, plan, wanted)
  // Arithmetic with constants on both sides of a tensor that has an offset would become one operator, and the tensor nobody's.
  const kept = new Set(wanted.keys())
  const folded = withInputOffsets(makePlan({ ...model, proto }, tensors, { ...options, kept }), offsets)
  const groups = new Set([...wanted.keys()].map((name) => plan.groupOf.get(name)!.name)).size
  return {
    proto,
    plan: { ...folded, offsets },
    tensors,
    thresholds: foldedThresholds(folded, request, found),
    groups,
    pads,
    sums,
  }
}

/** The threshold of every scale group of the rewritten graph. */
function foldedThresholds(
  folded: Plan,
  { plan, thresholds }: FoldRequest,
  found: ReadonlyMap<string, Offset>,
): ReadonlyMap<string, number> {
  const oldGroup = groupNames(plan)
  const scaled = new Map<string, number>()
  for (const { name, tensors, bits } of folded.groups) {
    // A table before a concatenation writes a new tensor of an old group, and may read a new copy of an old tensor in fewer bits.
    const known = tensors.flatMap((tensor) => oldGroup(tensor) ?? oldGroup(folded.narrowed.get(tensor) ?? '') ?? [])
    const old = known[0]
    if (old === undefined) continue
    const offset = found.get(old)
    scaled.set(name, offset === undefined ? thresholds.get(old)! : offset.scale * rangeOf(bits)[1])
  }
  const newGroup = groupNames(folded)
  const writers = new Map(folded.operators.flatMap((one) => one.outputs.map((name) => [name, one] as const)))
  for (const { name } of folded.groups) {
    if (scaled.has(name)) continue
    const writer = writers.get(name)!
    const largest = writer.inputs.map((input) => scaled.get(newGroup(input)!)!)
    scaled.set(name, largestOf(writer, largest))
  }
  return scaled
}

/**
 * The largest magnitude of a tensor that only the rewritten graph has: of a product of two others, or of a function of one.
 * @param largest those of its writer's inputs
 */
function largestOf(writer: PlannedOperator, largest: readonly number[]): number {
  const evaluate = familyOf(writer).evaluate?.(writer)
  if (evaluate === undefined) return largest.reduce((product, one) => product * one)
  return Math.max(...[-1, 1].map((sign) => Math.abs(evaluate(sign * largest[0]!))))
}

/** The plan with each operator that computes something else of its integers where its input has an offset told that offset. */
function withInputOffsets(plan: Plan, offsets: ReadonlyMap<string, number>): Plan {
  const operators = plan.operators.map((operator) => {
    const offset = offsets.get(operator.inputs[0] ?? '')
    return (offset !== undefined && familyOf(operator).offsets?.reading?.(operator, offset)) || operator
  })
  return { ...plan, operators }
}
