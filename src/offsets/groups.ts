// Which tensors are held with an offset, so that a range that is not symmetric uses all codes of a symmetric integer.
//
// A tensor x in [low, high] is held as x - c with the scale s = (high - low) / 255, so that low is the code -128 and high is 127. The chip knows
// no zero point: c goes into the biases of whatever writes and reads x. After a Relu that is one bit more for the same width.
// c is a whole number of steps, so that a real zero, which padding needs, has a code.

import type { ZeroPointPolicy } from '../config/config.js'
import { readsDimsOnly } from '../onnx/operators.js'
import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { Plan, ScaleGroup } from '../plan/types.js'
import { UnionFind } from '../plan/unionFind.js'
import { multiplies } from './products.js'

/** Tensors that get one scale and one offset, with their readers and writers: a scale group, or several that averages of values join. */
export interface Group {
  readonly scaleGroups: readonly ScaleGroup[]
  readonly writers: readonly PlannedOperator[]
  readonly readers: readonly PlannedOperator[]
}

/** The groups whose readers and writers can all take an offset in; for 'unpadded' where that costs the chip no Pad, no table and no sum. */
export function groupsToOffset(plan: Plan, policy: ZeroPointPolicy, isGraphOutput: (name: string) => boolean): Group[] {
  if (policy === 'none') return []
  const small = smallValues(plan)
  const isReal = ({ nodes }: PlannedOperator) => !nodes.every(readsDimsOnly)
  const writersOf = operatorsBy(plan.operators, ({ outputs }) => outputs)
  const readersOf = operatorsBy(plan.operators.filter(isReal), ({ inputs }) => inputs)
  return joinedGroups(plan).flatMap((scaleGroups) => {
    const tensors = scaleGroups.flatMap((group) => group.tensors)
    // At 16 bits there are codes to spare.
    const isWide = scaleGroups.some(({ bits, leavesChip }) => bits > 8 || leavesChip)
    if (isWide || tensors.some((name) => isGraphOutput(name) || plan.narrowed.has(name) || small.has(name))) return []
    const own = new Set(tensors)
    const [writers, readers] = [writersOf(tensors), readersOf(tensors)]
    const written = new Set(writers.flatMap(({ outputs }) => outputs))
    const possible =
      tensors.every((name) => written.has(name)) &&
      [...writers, ...readers].every(
        (operator) =>
          takesIn(operator, own) || (policy === 'all' && (joins(operator, plan) || multiplies(operator, plan))),
      ) &&
      (policy === 'all' || !readers.some(pads))
    return possible ? [{ scaleGroups, writers, readers }] : []
  })
}

/** @returns those that have any of some tensors among theirs, in the order of the operators */
function operatorsBy(
  operators: readonly PlannedOperator[],
  tensorsOf: (operator: PlannedOperator) => readonly string[],
): (tensors: readonly string[]) => PlannedOperator[] {
  const places = new Map<string, number[]>()
  for (const [place, operator] of operators.entries()) {
    for (const name of tensorsOf(operator)) places.set(name, [...(places.get(name) ?? []), place])
  }
  return (tensors) => {
    const found = new Set(tensors.flatMap((name) => places.get(name) ?? []))
    return [...found].sort((a, b) => a - b).map((place) => operators[place]!)
  }
}

/** The name of each tensor's scale group: of narrowed copies and of tensors inside of steps too, which `groupOf` leaves out. */
export function groupNames({ groups }: Pick<Plan, 'groups'>): (tensor: string) => string | undefined {
  const names = new Map(groups.flatMap(({ name, tensors }) => tensors.map((tensor) => [tensor, name] as const)))
  return (tensor) => names.get(tensor)
}

/** What each tensor's scale is called where groups are asked for: of scale groups that a group holds together, the name of the first. */
export function groupKeys(plan: Pick<Plan, 'groups'>, groups: readonly Group[]): (tensor: string) => string {
  const first = new Map(
    groups.flatMap(({ scaleGroups }) => scaleGroups.map(({ name }) => [name, scaleGroups[0]!.name] as const)),
  )
  const nameOf = groupNames(plan)
  return (tensor) => {
    const name = nameOf(tensor)!
    return first.get(name) ?? name
  }
}

/**
 * The tensors whose small values matter to an operator, through moves of values and sums of products. In float32 an offset takes the last digits of
 * such values: of x - 10^12 nothing is left below 10^5, in the QDQ model and in the float model that the report compares with.
 */
function smallValues({ operators }: Plan): ReadonlySet<string> {
  const found = new Set<string>()
  for (const operator of [...operators].reverse()) {
    const handsOn = isLinear(operator) && operator.outputs.some((name) => found.has(name))
    if (handsOn || familyOf(operator).readsSmallValues === true) for (const name of operator.inputs) found.add(name)
  }
  return found
}

function isLinear(operator: PlannedOperator): boolean {
  const { products, traits } = familyOf(operator)
  return (
    products?.(operator) !== undefined || ['passes', 'averages', 'joins', 'adds', 'multiplies'].includes(traits.offset)
  )
}

/** The scale groups, those together whose values are averages of one another's. */
function joinedGroups(plan: Plan): ScaleGroup[][] {
  const union = new UnionFind()
  const groupOf = groupNames(plan)
  const nameOf = (tensor: string) => groupOf(tensor)!
  for (const operator of plan.operators) {
    if (offsetOfFamily(operator) === 'averages') union.join([...operator.inputs, ...operator.outputs].map(nameOf))
  }
  const joined = new Map<string, ScaleGroup[]>()
  for (const group of plan.groups) {
    const root = union.find(group.name)
    joined.set(root, [...(joined.get(root) ?? []), group])
  }
  return [...joined.values()]
}

const offsetOfFamily = (operator: PlannedOperator) => familyOf(operator).traits.offset

/** Whether an operator can take in an offset of the group's tensors. */
function takesIn(operator: PlannedOperator, own: ReadonlySet<string>): boolean {
  const offset = offsetOfFamily(operator)
  if (offset === 'absorbs') return hasKnownForm(operator)
  if (offset === 'adds') return addsUp(operator)
  return offset !== 'none' && offset !== 'multiplies' && isInside(operator, own)
}

/** Whether its tensors may have different offsets, as a table goes before it. */
function joins(operator: PlannedOperator, { narrowed }: Pick<Plan, 'narrowed'>): boolean {
  return offsetOfFamily(operator) === 'joins' && !operator.inputs.some((name) => narrowed.has(name))
}

/** Whether it is linear in its inputs, and the rewriting knows what follows. */
export function addsUp(operator: PlannedOperator): boolean {
  return familyOf(operator).gains?.(operator) !== undefined && hasKnownForm(operator)
}

const hasKnownForm = (operator: PlannedOperator) => familyOf(operator).offsets?.knows?.(operator) ?? true

const pads = (operator: PlannedOperator) => familyOf(operator).offsets?.pads?.(operator) === true

export function isInside(operator: PlannedOperator, own: ReadonlySet<string>): boolean {
  return [...operator.inputs, ...operator.outputs].every((name) => own.has(name))
}
