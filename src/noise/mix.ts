// Which operators get 16 bits where a chip mixes widths: those that remove the most noise at the outputs for what they cost.

import type { PlannedOperator } from '../operators/types.js'
import type { Plan } from '../plan/types.js'
import { costOf } from './cost.js'
import type { NoiseSource } from './sources.js'

export interface MixRequest {
  /** The plan of the model in 8 bits. */
  readonly plan: Plan
  /** Operators that compute in a width of their own. */
  readonly operators: readonly PlannedOperator[]
  readonly shares: readonly { readonly source: NoiseSource; readonly noise: number }[]
  /** The share of the cost of all operators that the operators in 16 bits may have. */
  readonly ratio: number
  /** Operators that get 16 bits first, whatever noise they remove and whatever they cost. */
  readonly first: readonly PlannedOperator[]
}

export interface Mix {
  /** The operators that get 16 bits, in the order in which they were chosen. */
  readonly wide: readonly PlannedOperator[]
  /** Noise to signal that these operators remove, and the noise to signal of all sources. */
  readonly removed: number
  readonly noise: number
}

/** The share of the cost of all operators that some of them have. */
export function shareOfCost(some: Iterable<PlannedOperator>, all: readonly PlannedOperator[], plan: Plan): number {
  const costOfAll = (operators: Iterable<PlannedOperator>) =>
    [...operators].reduce((sum, operator) => sum + costOf(operator, plan), 0)
  return costOfAll(some) / costOfAll(all)
}

/** Takes the operator that removes most noise for its cost, again and again; of equals the first in graph order, so that the same shares give the same mix. */
export function chooseMix({ plan, operators, shares, ratio, first }: MixRequest): Mix {
  const noise = shares.reduce((sum, share) => sum + share.noise, 0)
  const state = new Choice(plan, operators, shares)
  const costs = new Map(operators.map((operator) => [operator, costOf(operator, plan)]))
  const budget = ratio * [...costs.values()].reduce((sum, cost) => sum + cost, 0)
  for (const operator of first) state.take(operator)
  let left = budget - first.reduce((sum, operator) => sum + costs.get(operator)!, 0)
  for (;;) {
    let best: { readonly operator: PlannedOperator; readonly worth: number } | undefined
    for (const operator of operators) {
      const gain = state.gain(operator)
      const cost = costs.get(operator)!
      if (gain > 0 && cost <= left && (best === undefined || gain / cost > best.worth))
        best = { operator, worth: gain / cost }
    }
    if (best === undefined) return { wide: state.wide, removed: state.removed, noise }
    state.take(best.operator)
    left -= costs.get(best.operator)!
  }
}

/** Mutable state: the operators chosen so far. A tensor's noise is gone when all operators that compute with it read it in 16 bits. */
class Choice {
  readonly wide: PlannedOperator[] = []
  removed = 0
  /** Scale group -> operators that still read it in 8 bits. */
  readonly #readers = new Map<string, Set<PlannedOperator>>()
  readonly #noise = new Map<string, number>()
  readonly #groupsRead = new Map<PlannedOperator, readonly string[]>()

  constructor(plan: Plan, operators: readonly PlannedOperator[], shares: MixRequest['shares']) {
    for (const { source, noise } of shares) this.#noise.set(`${source.kind} ${source.name}`, noise)
    for (const operator of operators) {
      const groups = [...new Set(operator.inputs.flatMap((name) => plan.groupOf.get(name) ?? []))]
      const narrow = groups.filter(({ bits }) => bits === 8).map(({ name }) => name)
      this.#groupsRead.set(operator, narrow)
      for (const name of narrow) this.#readers.set(name, (this.#readers.get(name) ?? new Set()).add(operator))
    }
  }

  /** Noise that goes with an operator; of a tensor with several readers each is credited with its part. */
  gain(operator: PlannedOperator): number {
    if (this.wide.includes(operator)) return 0
    const ofTensors = this.#groupsRead
      .get(operator)!
      .map((name) => this.#noiseOf(`tensors ${name}`) / this.#readers.get(name)!.size)
    return ofTensors.reduce((sum, noise) => sum + noise, this.#noiseOf(`weights ${operator.name}`))
  }

  take(operator: PlannedOperator): void {
    this.wide.push(operator)
    this.removed += this.#noiseOf(`weights ${operator.name}`)
    for (const name of this.#groupsRead.get(operator)!) {
      const readers = this.#readers.get(name)!
      readers.delete(operator)
      if (readers.size === 0) this.removed += this.#noiseOf(`tensors ${name}`)
    }
  }

  #noiseOf(source: string): number {
    return this.#noise.get(source) ?? 0
  }
}
