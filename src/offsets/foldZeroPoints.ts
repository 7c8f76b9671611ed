// From a plan and thresholds to a graph, a plan and thresholds in which tensors of one-sided ranges are held with an offset (groups.ts).

import type { ZeroPointPolicy } from '../config/config.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { Histogram } from '../histogram/types.js'
import type { Model, ModelProto, TensorInfo } from '../onnx/types.js'
import { familyOf } from '../operators/index.js'
import type { PlanOptions } from '../plan/options.js'
import { makePlan } from '../plan/plan.js'
import type { Plan } from '../plan/types.js'
import { assignOffsets, type Candidate } from './assign.js'
import { addsUp, type Group, groupKeys, groupNames, groupsToOffset } from './groups.js'
import { offsetGraph } from './offsetGraph.js'
import { productsOf, refusedBy } from './products.js'
import { type Offset, valuesOf } from './range.js'

export interface FoldRequest {
  readonly model: Model
  readonly plan: Plan
  /** T of every scale group: |x| <= T is kept. */
  readonly thresholds: ReadonlyMap<string, number>
  /** The same, solved for 255 codes, of the groups that have no negative value. */
  readonly oneSided: ReadonlyMap<string, number>
  /** Of every scale group, by name. */
  readonly histograms: ReadonlyMap<string, Histogram>
  readonly policy: ZeroPointPolicy
  /** c of tensors, where it is known from another run and not to be found. */
  readonly given: ReadonlyMap<string, number> | undefined
  /** The only offsets that are to be tried, by scale group, where the model brings its own. */
  readonly wished?: ReadonlyMap<string, Offset> | undefined
  readonly options: PlanOptions
}

export interface Folded {
  readonly proto: ModelProto
  readonly plan: Plan
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly thresholds: ReadonlyMap<string, number>
  /** Groups of tensors with an offset. */
  readonly groups: number
  /** Pad nodes that the graph has for it. */
  readonly pads: number
  /** Sums that it has for it, behind products. */
  readonly sums: number
}

/** undefined where no tensor takes an offset. */
export function foldZeroPoints(request: FoldRequest): Folded | undefined {
  const { model, plan, thresholds, given, options } = request
  const found = given === undefined ? offsetsOf(request) : new Map<string, Offset>()
  const ofTensors = [...found].flatMap(([name, { offset }]) =>
    plan.groupOf.get(name)!.tensors.map((tensor) => [tensor, offset] as const),
  )
  const wanted = given ?? new Map(ofTensors)
  if (wanted.size === 0) return undefined
  const { proto, tensors, offsets, pads, sums } = offsetGraph(model.proto, plan, wanted)
  // Arithmetic with constants on both sides of a tensor that has an offset would become one operator, and the tensor nobody's.
  const kept = new Set(wanted.keys())
  const folded = withInputOffsets(makePlan({ ...model, proto }, tensors, { ...options, kept }), offsets)
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
  for (const { name } of folded.groups) if (!scaled.has(name)) scaled.set(name, largestOf(name, folded, scaled))
  const groups = new Set([...wanted.keys()].map((name) => plan.groupOf.get(name)!.name)).size
  return { proto, plan: { ...folded, offsets }, tensors, thresholds: scaled, groups, pads, sums }
}

/** The largest magnitude of a tensor that only the rewritten graph has: of a product of two others, or of a function of one. */
function largestOf(tensor: string, { operators, groups }: Plan, thresholds: ReadonlyMap<string, number>): number {
  const writer = operators.find(({ outputs }) => outputs.includes(tensor))!
  const largest = writer.inputs.map((input) => thresholds.get(groupNames({ groups })(input)!)!)
  const evaluate = familyOf(writer).evaluate?.(writer)
  if (evaluate === undefined) return largest.reduce((product, one) => product * one)
  return Math.max(...[-1, 1].map((sign) => Math.abs(evaluate(sign * largest[0]!))))
}

/** By the name of the scale group. */
function offsetsOf(request: FoldRequest): ReadonlyMap<string, Offset> {
  const { model, plan, thresholds, policy, wished } = request
  const outputs = new Set(model.proto.graph.output.map(({ name }) => name))
  const outputScale = (tensor: string) => {
    const { name, bits } = plan.groupOf.get(tensor)!
    return thresholds.get(name)! / rangeOf(bits)[1]
  }
  const groups = groupsToOffset(plan, wished === undefined ? policy : 'all', (name) => outputs.has(name))
  const candidates = groups.map((group) => ({
    group,
    fits: remembered((offset) => biasesFit(group, offset, request, outputScale)),
  }))
  const ofCandidates =
    wished === undefined
      ? assignOffsets(
          plan,
          candidates.map((one) => ({ ...one, range: rangeOfGroup(one.group, request, outputScale) })),
          thresholds,
        )
      : takenOffsets(plan, candidates, wished)
  return new Map(
    [...ofCandidates].flatMap(([{ group }, offset]) => group.scaleGroups.map(({ name }) => [name, offset] as const)),
  )
}

/** Assignments of offsets are tried by the hundred, and ask for few different ones. */
function remembered(fits: (offset: number) => boolean): (offset: number) => boolean {
  const known = new Map<number, boolean>()
  return (offset) => {
    const fit = known.get(offset) ?? fits(offset)
    known.set(offset, fit)
    return fit
  }
}

function rangeOfGroup(
  group: Group,
  { thresholds, oneSided, histograms }: FoldRequest,
  outputScale: (tensor: string) => number,
) {
  const names = group.scaleGroups.map(({ name }) => name)
  const threshold = Math.max(...names.map((name) => oneSided.get(name) ?? thresholds.get(name)!))
  return valuesOf(
    group,
    names.map((name) => histograms.get(name)!),
    threshold,
    outputScale,
  )
}

/** What the model brings, where no sum ties it to other tensors' offsets, and of a product's factors for one alone. */
function takenOffsets<C extends Pick<Candidate, 'group' | 'fits'>>(
  plan: Plan,
  candidates: readonly C[],
  wished: ReadonlyMap<string, Offset>,
): Map<C, Offset> {
  const taken = new Map<C, Offset>()
  for (const candidate of candidates) {
    const { scaleGroups, readers, writers } = candidate.group
    const offset = agreed(
      scaleGroups.map(({ name }) => name),
      wished,
    )
    const isTied = [...readers, ...writers].some(addsUp)
    if (offset !== undefined && !isTied && candidate.fits(offset.offset)) taken.set(candidate, offset)
  }
  return withoutRefused(plan, taken)
}

/** Without what products cannot be met with, however fine its steps are. */
function withoutRefused<C extends Pick<Candidate, 'group'>>(plan: Plan, taken: ReadonlyMap<C, Offset>): Map<C, Offset> {
  const keyOf = groupKeys(
    plan,
    [...taken.keys()].map(({ group }) => group),
  )
  const products = productsOf(plan, keyOf)
  const left = new Map([...taken].map((entry) => [entry[0].group.scaleGroups[0]!.name, entry]))
  const gainOf = (name: string) => (left.has(name) ? Number.POSITIVE_INFINITY : undefined)
  for (;;) {
    const refused = products.flatMap((product) => refusedBy(product, gainOf) ?? [])
    if (refused.length === 0) return new Map(left.values())
    for (const name of refused) left.delete(name)
  }
}

/** The offset that the model brings for all of the groups. */
function agreed(groups: readonly string[], wished: ReadonlyMap<string, Offset>): Offset | undefined {
  const [first, ...others] = groups.map((name) => wished.get(name))
  return others.every((one) => one?.offset === first?.offset && one?.scale === first?.scale) ? first : undefined
}

/** The operators that know of their input's offset. */
function withInputOffsets(plan: Plan, offsets: ReadonlyMap<string, number>): Plan {
  const operators = plan.operators.map((operator) => {
    const offset = offsets.get(operator.inputs[0] ?? '')
    return (offset !== undefined && familyOf(operator).offsets?.reading?.(operator, offset)) || operator
  })
  return { ...plan, operators }
}

/**
 * Steps of the output that a bias may be worth: its 16 bits then have three to spare for fractions of a step. So much do channels ask for that a
 * normalization divides by next to no variance, and a single one that asked for more would keep the zero point from all others.
 */
const MOST_STEPS = 4096
/** A wide output makes room for its bias by a coarser scale, which must stay fine. */
const MOST_EXTREMES = 8

/** Whether the biases of readers can take the offset in without loss. */
function biasesFit(
  { readers }: Group,
  offset: number,
  { plan, thresholds }: FoldRequest,
  outputScale: (tensor: string) => number,
): boolean {
  return readers.every((reader) => {
    const biases = familyOf(reader).offsets?.biases?.(reader, offset)
    if (biases === undefined) return true
    const output = reader.outputs[0]!
    const { name, bits } = plan.groupOf.get(output)!
    const most = bits > 8 ? MOST_EXTREMES * thresholds.get(name)! : MOST_STEPS * outputScale(output)
    return biases.every((bias) => Math.abs(bias) <= most)
  })
}
