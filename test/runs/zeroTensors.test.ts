import { expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { withZeroTensors } from '../../src/runs/quantization/zeroTensors.js'
import { floats, node, planOf } from '../plan/fixtures.js'

it('tensors of zeros are as fine as what is made of them, through all that is zero', async () => {
  const plan = await planOf({
    inputs: { x: [1, 4], dead: [1, 4] },
    nodes: [
      node('MatMul', 'dead w', 'first'),
      node('MatMul', 'first w', 'second'),
      node('MatMul', 'x w', 'alive'),
      node('Add', 'second alive', 'sum'),
      node('Sigmoid', 'sum', 'y'),
    ],
    constants: [floats('w', [4, 4])],
  })
  const histogramOf = (value: number) => observe(emptyHistogram(), Float32Array.of(value, 0))
  const values: Readonly<Record<string, number>> = { x: 1e-20, alive: 4e-20, sum: 4e-20, y: 0.5 }
  const groups = plan.groups.map((scaleGroup) => ({ scaleGroup, histogram: histogramOf(values[scaleGroup.name] ?? 0) }))
  const solved = new Map(groups.map(({ scaleGroup: { name } }) => [name, values[name] ?? 1]))
  const chip = chipProfile('TX5105C')
  expect(() => solveFixedPoint(plan, solved, chip)).toThrow('cannot run')
  const thresholds = withZeroTensors(plan, groups, solved)
  expect(Object.fromEntries(thresholds)).toEqual({ ...values, dead: 4e-20, first: 4e-20, second: 4e-20 })
  expect(solveFixedPoint(plan, thresholds, chip).operators).toHaveLength(plan.operators.length)
})
