import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import type { PlannedOperator } from '../../src/operators/types.js'
import { makePlan } from '../../src/plan/plan.js'
import type { Plan } from '../../src/plan/types.js'
import { type GraphParts, modelOf, node, pointwise } from './fixtures.js'

const chip = chipProfile('TX5368x')
const [a, b, c] = [pointwise('x', 'a'), pointwise('a', 'b'), pointwise('a', 'c')]
const constants = [a, b, c].flatMap((one) => one.constants)

/** The plan on a chip of two widths; `wide` operators compute in 16 bits. */
async function planOf(parts: GraphParts, wide: readonly string[]): Promise<Plan> {
  const model = modelOf(parts)
  const x = { type: 'float32' as const, dims: [1, 4, 8, 8], data: new Float32Array(256) }
  const bitsOf = ({ name }: PlannedOperator) => (wide.includes(name) ? 16 : 8)
  return makePlan(model, await shapesFor(model, { x }), { chip, bitsOf })
}

const bitsOf = (plan: Plan) => Object.fromEntries(plan.groups.map(({ name, bits }) => [name, bits]))

describe('where widths meet', () => {
  const nodes = [a.node, b.node, c.node, node('Add', 'b c', 'y')]

  it('a tensor has the bits that its reader computes in', async () => {
    const plan = await planOf({ nodes, constants }, ['b', 'c'])
    expect(bitsOf(plan)).toEqual({ x: 8, a: 16, b: 8, c: 8, y: 16 })
    expect(plan.narrowed.size).toBe(0)
  })

  it('readers of fewer bits get a narrowed copy with statistics of the same values', async () => {
    const plan = await planOf({ nodes, constants }, ['c'])
    expect(bitsOf(plan)).toEqual({ x: 8, a: 16, a_8bit: 8, b: 8, c: 8, y: 16 })
    expect(plan.operators.map(({ kind, inputs }) => [kind, ...inputs])).toEqual([
      ['conv', 'x'],
      ['requantize', 'a'],
      ['conv', 'a_8bit'],
      ['conv', 'a'],
      ['add', 'b', 'c'],
    ])
    expect(plan.groups.find(({ name }) => name === 'a_8bit')).toMatchObject({ sources: ['a'], leavesChip: false })
    expect(plan.groupOf.has('a_8bit')).toBe(false)
    expect(plan.observed).not.toContain('a_8bit')
  })

  it('what copies data takes the width of those who read it', async () => {
    const pool = node('MaxPool', 'a', 'p', makeAttribute('kernel_shape', [2, 2]))
    const after = pointwise('p', 'q')
    const parts = { nodes: [a.node, pool, after.node, b.node], constants: [...constants, ...after.constants] }
    const plan = await planOf({ ...parts, outputs: ['q', 'b'] }, ['q'])
    expect(bitsOf(plan)).toMatchObject({ a: 16, a_8bit: 8 })
    expect(plan.groups.find(({ name }) => name === 'a')!.tensors).toEqual(['a', 'p'])
  })
})
