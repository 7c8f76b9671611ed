import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf } from '../../src/noise/cost.js'
import { chooseMix } from '../../src/noise/mix.js'
import type { PlannedOperator } from '../../src/operators/types.js'
import type { Plan, ScaleGroup } from '../../src/plan/types.js'

const operator = (name: string, ...inputs: string[]): PlannedOperator => ({
  ...{ kind: 'lut', name, nodes: [], inputs, outputs: [`${name}_out`] },
})

/** Operators that write so many values each: what they cost. */
function planOf(operators: readonly PlannedOperator[], costs: readonly number[]): Plan {
  const names = [...new Set(operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))]
  const groups = names.map(
    (name): ScaleGroup => ({ name, tensors: [name], sources: [name], bits: 8, leavesChip: false }),
  )
  return {
    ...{
      operators,
      groups,
      derived: new Map(),
      observed: [],
      scores: new Set(),
      masked: new Set(),
      narrowed: new Map(),
      inner: new Set(),
      outputs: new Set(),
    },
    groupOf: new Map(groups.map((group) => [group.name, group])),
    tensors: new Map(operators.map(({ outputs }, i) => [outputs[0]!, { dataType: 1, dims: [costs[i]!] }])),
  }
}

const share = (kind: 'tensors' | 'weights', name: string, noise: number) => ({
  source: { kind, name, tensors: [] },
  noise,
})
const namesOf = (wide: readonly PlannedOperator[]) => wide.map(({ name }) => name)

describe('the greedy choice of what gets 16 bits', () => {
  const a = operator('a', 'x')
  const b = operator('b', 'y')
  const c = operator('c', 'y')
  const operators = [a, b, c]
  const plan = planOf(operators, [10, 10, 80])
  const shares = [share('tensors', 'x', 0.3), share('tensors', 'y', 0.6), share('weights', 'c', 0.1)]

  it('takes what removes most for its cost, as far as the ratio goes', () => {
    const { wide, removed, noise } = chooseMix({ plan, operators, shares, ratio: 0.2, first: [] })
    expect(namesOf(wide)).toEqual(['a', 'b'])
    expect(noise).toBeCloseTo(1)
    // The tensor y keeps its noise while c reads it in 8 bits.
    expect(removed).toBeCloseTo(0.3)
  })

  it('removes the noise of a tensor with the last of its readers', () => {
    const { wide, removed } = chooseMix({ plan, operators, shares, ratio: 1, first: [] })
    expect(namesOf(wide)).toEqual(['a', 'b', 'c'])
    expect(removed).toBeCloseTo(1)
  })

  it('begins with what it is told to', () => {
    expect(namesOf(chooseMix({ plan, operators, shares, ratio: 0.1, first: [c] }).wide)).toEqual(['c'])
  })

  it('never costs more than the ratio, and removes no more than there is', () => {
    const cases = fc.array(
      fc.record({ cost: fc.integer({ min: 1, max: 100 }), noise: fc.double({ min: 0, max: 1, noNaN: true }) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(cases, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, ratio) => {
        const each = all.map((_, i) => operator(`o${i}`, `i${i}`))
        const costs = all.map(({ cost }) => cost)
        const noises = all.map(({ noise }, i) => share('tensors', `i${i}`, noise))
        const { wide, removed, noise } = chooseMix({
          plan: planOf(each, costs),
          operators: each,
          shares: noises,
          ratio,
          first: [],
        })
        const cost = wide.reduce((sum, one) => sum + costs[each.indexOf(one)]!, 0)
        expect(cost).toBeLessThanOrEqual(ratio * costs.reduce((sum, one) => sum + one, 0) + 1e-9)
        expect(removed).toBeLessThanOrEqual(noise + 1e-9)
        expect(new Set(wide).size).toBe(wide.length)
      }),
    )
  })
})

describe('the cost of an operator', () => {
  const tensors = new Map([
    ['image', { dataType: 1, dims: [1, 4, 6, 6] }],
    ['mean', { dataType: 1, dims: [1, 4, 1, 1] }],
  ])
  const costs = (one: PlannedOperator) => costOf(one, { tensors })
  const weighted = { weights: { data: new Float32Array(4 * 36) }, bias: new Float32Array(4) }

  it.each([
    [
      'its products, where it has weights',
      { ...operator('conv', 'mean'), kind: 'conv', outputs: ['image'], ...weighted },
      144 * 36,
    ],
    [
      'its products, where it multiplies tensors',
      { ...operator('product', 'mean'), kind: 'product', outputs: ['image'], depth: 5 },
      144 * 5,
    ],
    ['what it reads, where that is more than what it writes', { ...operator('pool', 'image'), outputs: ['mean'] }, 144],
    [
      'what its steps cost',
      { ...operator('scan'), outputs: [], steps: [{ ...operator('lut', 'image'), outputs: ['image'] }] },
      144,
    ],
    ['never nothing', { ...operator('nothing'), outputs: [] }, 1],
  ])('is %s', (_what, one: PlannedOperator, cost) => {
    expect(costs(one)).toBe(cost)
  })
})
