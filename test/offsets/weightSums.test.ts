import { expect, it } from 'vitest'
import { makeNode } from '../../src/onnx/node.js'
import { weightSums } from '../../src/operators/accumulation/offsets.js'
import type { PlannedLinear } from '../../src/operators/linear/plan.js'

it('the sums of a product’s columns do not depend on how its weights lie', () => {
  const base = { kind: 'matmul', name: 'g', inputs: ['x'], outputs: ['y'], clamp: undefined, bias: new Float32Array(2) }
  const nodes = [makeNode('Gemm', ['x', 'w'], ['y'])]
  const rows: PlannedLinear = { ...base, nodes, weights: { dims: [3, 2], data: Float32Array.of(1, 10, 2, 20, 4, 40) } }
  const transposed = { dims: [3, 2] as const, data: Float32Array.of(1, 2, 4, 10, 20, 40), transposed: true }
  expect([...weightSums(rows, false)]).toEqual([7, 70])
  expect([...weightSums({ ...rows, weights: transposed } as PlannedLinear, true)]).toEqual([7, 70])
})
