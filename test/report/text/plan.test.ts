// What is said of a plan.

import { expect, it } from 'vitest'
import { planLines, requireIntegers } from '../../../src/report/text/plan.js'
import { node, planOf, pointwise } from '../../plan/fixtures.js'

const conv = pointwise('x', 'c')
const types = ['Hardmax', 'Hardmax', 'Sigmoid', 'Hardmax']
const chain = types.map((type, index) => node(type, index === 0 ? 'c' : `t${index - 1}`, `t${index}`))
const withFloat = { nodes: [conv.node, ...chain], constants: conv.constants, outputs: ['t3'] }
const onChip = { nodes: [conv.node], constants: conv.constants, outputs: ['c'] }

const reasons = [
  '  in software, because the chip has no fixed-point form of it: 3 Hardmax (t0, t1, t3)',
  '  in software, because it lies between software operators, model inputs or outputs: 1 Sigmoid (t2)',
]

it('operators in float are listed by reason, with their types, counts and names', async () => {
  expect(planLines(await planOf(withFloat))).toEqual([
    '1 operator on the chip, 4 in software (float); 2 of 2 tensors observed',
    ...reasons,
  ])
  expect(planLines(await planOf(onChip))).toHaveLength(1)
})

it('where none may be, the same list is the error', async () => {
  requireIntegers(await planOf(onChip))
  const plan = await planOf(withFloat)
  expect(() => requireIntegers(plan)).toThrow(reasons.join('\n'))
  expect(() => requireIntegers(plan)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})
