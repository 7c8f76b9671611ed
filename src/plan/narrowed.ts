// Where widths meet: a tensor has the most bits that one of its readers computes in, and the readers of fewer bits get a narrowed copy.

import { requantizeTo } from '../operators/requantize/plan.js'
import type { PlannedOperator } from '../operators/types.js'
import { hasOwnWidth, scaleGroups } from './groups.js'
import type { PlanOptions } from './options.js'
import { widthsOf } from './steps.js'
import type { GraphView } from './view.js'

export interface JoinedWidths {
  readonly operators: readonly PlannedOperator[]
  /** Every tensor, a copy behind its original. */
  readonly order: readonly string[]
  /** Copy -> original. */
  readonly narrowed: ReadonlyMap<string, string>
}

export function joinWidths(
  operators: readonly PlannedOperator[],
  order: readonly string[],
  view: GraphView,
  options: PlanOptions,
): JoinedWidths {
  const groups = scaleGroups(operators, order, view, options)
  // All readers of tensors that leave the chip take them as wide as they are.
  const met = groups.filter(({ leavesChip }) => !leavesChip)
  const bits = new Map(met.flatMap((one) => one.tensors.map((name) => [name, one.bits] as const)))
  const widthOf = widthsOf(operators, options)
  const taken = new Set(order)
  const copies = new Map<string, string[]>()
  const narrowed = new Map<string, string>()
  const join = (some: readonly PlannedOperator[]): PlannedOperator[] => {
    const joined: PlannedOperator[] = []
    /** Copies of the main graph are no tensors of the steps, nor the other way round. */
    const known = new Map<string, string>()
    const copyOf = (name: string, width: number): string => {
      const key = JSON.stringify([name, width])
      const copy = known.get(key) ?? unusedName(`${name}_${width}bit`, taken)
      if (known.has(key)) return copy
      known.set(key, copy)
      copies.set(name, [...(copies.get(name) ?? []), copy])
      narrowed.set(copy, name)
      joined.push(requantizeTo(name, copy))
      return copy
    }
    for (const operator of some) {
      if (operator.steps) {
        joined.push({ ...operator, steps: join(operator.steps) })
        continue
      }
      const width = hasOwnWidth(operator) ? widthOf(operator) : Number.POSITIVE_INFINITY
      const inputs = operator.inputs.map((name) => ((bits.get(name) ?? 0) > width ? copyOf(name, width) : name))
      joined.push({ ...operator, inputs })
    }
    return joined
  }
  const joined = join(operators)
  const withCopies = order.flatMap((name) => [name, ...(copies.get(name) ?? [])])
  return { operators: joined, order: withCopies, narrowed }
}

function unusedName(wish: string, taken: Set<string>): string {
  let name = wish
  for (let count = 2; taken.has(name); count++) name = `${wish}_${count}`
  taken.add(name)
  return name
}
