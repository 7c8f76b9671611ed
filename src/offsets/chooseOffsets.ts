// Which offset each scale group takes: the one that suits its values and those around it best (assign.ts), or the one that the model brings, in either
// case only where the biases of its readers can take it in.

import type { ZeroPointPolicy } from '../config/config.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { Histogram } from '../histogram/types.js'
import type { Model } from '../onnx/types.js'
import { familyOf } from '../operators/index.js'
import type { Plan } from '../plan/types.js'
import { assignOffsets } from './assign.js'
import { addsUp, type Group, groupKeys, groupsToOffset } from './groups.js'
import { productsOf, refusedBy } from './products.js'
import { type Offset, valuesOf } from './range.js'
import type { Candidate } from './start.js'

/** What is known when offsets are chosen. */
export interface OffsetRequest {
  readonly model: Model
  readonly plan: Plan
  /** T of every scale group: |x| <= T is kept. */
  readonly thresholds: ReadonlyMap<string, number>
  /** The same, solved for 255 codes, of the groups that have no negative value. */
  readonly oneSided: ReadonlyMap<string, number>
  /** Of every scale group, by name. */
  readonly histograms: ReadonlyMap<string, Histogram>
  readonly policy: ZeroPointPolicy
  /** The only offsets that are to be tried, by scale group, where the model brings its own. */
  readonly wished?: ReadonlyMap<string, Offset> | undefined
}

/** The offset of each scale group that takes one, by the name of the group. */
export function chooseOffsets(request: OffsetRequest): ReadonlyMap<string, Offset> {
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
  { thresholds, oneSided, histograms }: OffsetRequest,
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
  { plan, thresholds }: OffsetRequest,
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
