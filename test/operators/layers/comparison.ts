import fc from 'fast-check'
import { makeNode } from '../../../src/onnx/node.js'
import type { Relation } from '../../../src/operators/comparison/plan.js'
import type { FixedComparison, FixedSide } from '../../../src/operators/comparison/solve.js'
import { integers, type LayersOfFamily, tensor } from './arbitraries.js'

const relation = fc.constantFrom<Relation>('Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal')

const multiplied: fc.Arbitrary<FixedSide> = fc
  .oneof(fc.integer({ min: 0, max: 32767 }), fc.constantFrom(1, 32767))
  .map((multiplier) => ({ multiplier }))

const constantSide = (bits: number): fc.Arbitrary<FixedSide> =>
  integers(4, bits).map((values) => ({ dims: [4], data: Int32Array.from(values) }))

export const comparisonLayers: LayersOfFamily = {
  kind: 'comparison',
  numRuns: 60,
  layer: (inputBits) =>
    fc
      .tuple(
        relation,
        multiplied,
        fc.oneof(multiplied, constantSide(inputBits)),
        tensor([2, 3, 4], inputBits),
        tensor([3, 1], inputBits),
      )
      .map(([relation, first, second, x, z]) => {
        const inputs = 'multiplier' in second ? [x, z] : [x]
        const sides = (
          'multiplier' in second ? [first, second] : [{ multiplier: 1 }, second]
        ) as FixedComparison['sides']
        const operator: FixedComparison = {
          ...{ kind: 'comparison', name: 'compare', inputs: ['x', 'z'].slice(0, inputs.length), outputs: [] },
          nodes: [makeNode(relation, ['x', 'z'], ['c'], [], 'compare')],
          ...{ relation, sides },
        }
        return { operator, inputs, bits: 8 }
      }),
}
