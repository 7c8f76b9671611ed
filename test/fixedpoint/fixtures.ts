// Plans and integer tensors made by hand, for the tests of this folder.

import fc from 'fast-check'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import type { IntTensor } from '../../src/fixedpoint/types.js'
import { makeNode } from '../../src/onnx/node.js'
import type { PlannedConv } from '../../src/operators/conv/plan.js'
import type { PlannedOperator } from '../../src/operators/types.js'
import type { FixedPointModel, Plan, ScaleGroup } from '../../src/plan/types.js'
import type { FixedByKind } from '../operators/kinds.js'

export const chip = chipProfile('TX5105C')

/** A plan in which every tensor has a scale group of its own; those in `wide` leave the chip. */
export function planOf(operators: readonly PlannedOperator[], wide: readonly string[] = []): Plan {
  const names = operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
  const groups = [...new Set(names)].map(
    (name): ScaleGroup => ({
      name,
      tensors: [name],
      sources: [name],
      bits: wide.includes(name) ? 16 : 8,
      leavesChip: wide.includes(name),
    }),
  )
  const groupOf = new Map(groups.map((scaleGroup) => [scaleGroup.name, scaleGroup]))
  return {
    derived: new Map(),
    masked: new Set(),
    narrowed: new Map(),
    inner: new Set(),
    operators,
    groups,
    groupOf,
    observed: [...groupOf.keys()],
    tensors: new Map(),
    outputs: new Set(),
  }
}

/** A 1x1 convolution "conv" from x to y with these weights [M, C] and biases [M]. */
export function pointwise(weights: readonly (readonly number[])[], options: Partial<PlannedConv> = {}): PlannedConv {
  const dims = [weights.length, weights[0]?.length ?? 0, 1, 1]
  return {
    kind: 'conv',
    name: 'conv',
    nodes: [makeNode('Conv', ['x', 'w'], ['y'], [], 'conv')],
    inputs: ['x'],
    outputs: ['y'],
    weights: { dims, data: Float32Array.from(weights.flat()) },
    bias: new Float32Array(weights.length),
    group: 1,
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    clamp: undefined,
    ...options,
  }
}

/** The operator of a model that has one. */
export function only<K extends keyof FixedByKind>(model: FixedPointModel, kind: K): FixedByKind[K] {
  const operator = model.operators[0]!
  if (operator.kind !== kind) throw new Error(`expected a ${kind}, got a ${operator.kind}`)
  return operator as FixedByKind[K]
}

export function tensor(dims: readonly number[], values: readonly number[]): IntTensor {
  return { dims, data: Int32Array.from(values) }
}

/** An integer tensor of these dims with values of a signed width. */
export function tensors(dims: readonly number[], bits = 8): fc.Arbitrary<IntTensor> {
  const size = dims.reduce((product, dim) => product * dim, 1)
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }) },
    fc.constantFrom(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0),
  )
  return fc.array(value, { minLength: size, maxLength: size }).map((values) => tensor(dims, values))
}
