// Assigning offsets goes on after a refusal, and passes sums over that are met in one way alone. Beside it: starting again each time.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Assignment } from '../../src/offsets/assignment.js'
import { type Candidate, type Start, startOf } from '../../src/offsets/start.js'
import type { Sum } from '../../src/offsets/sums.js'
import type { PlannedOperator } from '../../src/operators/types.js'

const COUNT = 8
const name = (group: number) => `g${group}`

interface Given {
  readonly ranges: readonly {
    readonly low: number
    readonly high: number
    readonly fits: boolean
    readonly free: number
  }[]
  readonly sums: readonly { readonly output: number; readonly addends: readonly number[]; readonly eager: boolean }[]
}

/** Sums of groups with other ranges. A group that is `free` for a sum leaves itself for that sum alone. */
const given: fc.Arbitrary<Given> = fc.record({
  ranges: fc.array(
    fc.record({
      low: fc.constantFrom(0, -0.25, -1),
      high: fc.constantFrom(0.5, 1, 4),
      fits: fc.boolean(),
      free: fc.nat({ max: 4 }),
    }),
    { minLength: COUNT, maxLength: COUNT },
  ),
  sums: fc.array(
    fc.record({
      output: fc.nat({ max: COUNT - 1 }),
      addends: fc.array(fc.nat({ max: COUNT - 1 }), { minLength: 1, maxLength: 3 }),
      eager: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  ),
})

function built({ ranges, sums }: Given): { start: Start; eager: ReadonlySet<Sum> } {
  const made = sums.map(({ output, addends }, i): Sum => {
    const operator = { inputs: [`x${i}`], outputs: [`y${i}`] } as unknown as PlannedOperator
    const all = addends.map((group) => ({ group: name(group), constant: 1, noise: 1 }))
    return { operator, output: name(output), addends: all, squeezes: false, makesHalves: false }
  })
  const candidates = ranges.map(({ low, high, fits, free }, i): [string, Candidate] => {
    const readers = made.flatMap(({ operator }, place) => (place === free ? [operator] : []))
    const group = {
      scaleGroups: [{ name: name(i), tensors: [] }],
      readers,
      writers: [],
    } as unknown as Candidate['group']
    const range = { low, high, threshold: Math.max(-low, high), bits: 8 }
    return [name(i), { group, range, fits: (offset) => fits || offset < 0.5 }]
  })
  const known = new Map(candidates.map(([key, { range }]) => [key, range]))
  return { start: startOf(new Map(candidates), known, made), eager: new Set(made.filter((_, i) => sums[i]!.eager)) }
}

function goneOn(start: Start, eager: ReadonlySet<Sum>): Assignment {
  const assignment = new Assignment(start)
  for (;;) {
    const refused = assignment.take(eager)
    if (refused === undefined) return assignment
    assignment.remove(refused)
  }
}

function startedAgain(start: Start, eager: ReadonlySet<Sum>): Assignment {
  const assignment = new Assignment(start)
  const refused = assignment.take(eager)
  if (refused === undefined) return assignment
  const left = new Map([...start.candidates].filter(([key]) => !refused.includes(key)))
  return startedAgain(startOf(left, start.ranges, start.sums), eager)
}

const offsetsOf = (assignment: Assignment) => [...assignment.result()].map(([{ group }, offset]) => [group, offset])

it('goes on after a refusal as if it had started again', () => {
  fc.assert(
    fc.property(given, (one) => {
      const { start, eager } = built(one)
      expect(offsetsOf(goneOn(start, eager))).toEqual(offsetsOf(startedAgain(start, eager)))
    }),
    { numRuns: 500 },
  )
})

it('gives the same, whichever way a sum is asked that it does not depend on', () => {
  fc.assert(
    fc.property(given, (one) => {
      const { start, eager } = built(one)
      const assignment = goneOn(start, eager)
      for (const sum of start.sums.filter((other) => !assignment.dependsOn(other))) {
        const turned = new Set(start.sums.filter((other) => eager.has(other) !== (other === sum)))
        expect(offsetsOf(goneOn(start, turned))).toEqual(offsetsOf(assignment))
      }
    }),
    { numRuns: 500 },
  )
})
