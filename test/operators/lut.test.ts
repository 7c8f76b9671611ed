// What interpolating costs: the bound that docs/fixed-point.md states.

import { describe, expect, it, test } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { makeNode } from '../../src/onnx/node.js'
import { elementwise } from '../../src/operators/lut/functions.js'
import type { PlannedLut } from '../../src/operators/lut/plan.js'
import { referenceLut } from '../../src/operators/lut/reference.js'
import { type FixedLut, solveLut } from '../../src/operators/lut/solve.js'

const chip = chipProfile('TX5368x')

/** Functions with the largest magnitude of their second derivative, where that is known. */
const functions: readonly (readonly [opType: string, curvature: number])[] = [
  ['Sigmoid', 1 / (6 * Math.sqrt(3))],
  ['Tanh', 4 / (3 * Math.sqrt(3))],
  ['Softplus', 1 / 4],
]

for (const [opType, curvature] of functions) {
  test.each([
    [8, 16],
    [10, 16],
    [12, 16],
    [10, 8],
  ])(
    `${opType} in 2^%s segments is within two roundings, to %s bits the first of them finer, and an eighth of curvature times segment squared`,
    (lutBits, bits) => {
      const evaluate = (x: number) => elementwise(makeNode(opType, ['x'], ['y'], []))!(x)
      const input = { name: 'x', scale: Math.fround(8 / 32767), bits: 16 }
      const output = { name: 'y', scale: Math.fround(9 / (2 ** (bits - 1) - 1)), bits }
      const quantized = new Map([input, output].map((tensor) => [tensor.name, tensor]))
      const planned: PlannedLut = {
        ...{ kind: 'lut', name: 'f', nodes: [], inputs: ['x'], outputs: ['y'] },
        ...{ evaluate, label: opType },
      }
      const solved = solveLut(planned, { chip, quantized, ranges: new Map(), lutBits })
      if ('offence' in solved) throw new Error(solved.offence)
      const data = Int32Array.from({ length: 65536 }, (_, index) => index - 32768)
      const context = {
        arithmetic: () => expect.fail('a table does not accumulate'),
        bits: () => 16,
        run: () => expect.fail('a table runs nothing else'),
      }
      const [result] = referenceLut(solved.operator, [{ dims: [65536], data }], context)
      const segment = 2 ** (16 - lutBits) * input.scale
      const bound = 0.5 + 2 ** (bits - 17) + (curvature * segment ** 2) / 8 / output.scale
      const worst = result!.data.reduce(
        (most, y, index) => Math.max(most, Math.abs(y - evaluate(data[index]! * input.scale) / output.scale)),
        0,
      )
      expect(worst).toBeLessThanOrEqual(bound * (1 + 1e-6))
    },
  )
}

describe('What rounds to 0 in front of a logarithm', () => {
  const scale = 2 ** -10
  const solved = (evaluate: (x: number) => number, bits: number) => {
    const tensors = [
      { name: 'x', scale, bits },
      { name: 'y', scale: 2 ** -8, bits: 16 },
    ]
    const planned: PlannedLut = {
      ...{ kind: 'steeplut', name: 'f', nodes: [], inputs: ['x'], outputs: ['y'] },
      ...{ evaluate, label: 'Log' },
    }
    const quantized = new Map(tensors.map((tensor) => [tensor.name, tensor]))
    const result = solveLut(planned, { chip, quantized, ranges: new Map(), lutBits: 10 })
    if ('offence' in result) throw new Error(result.offence)
    return result.operator
  }
  const atZero = ({ table, spacing }: FixedLut) => table[spacing ? 0 : 128]! * 2 ** -8
  const clipped = (x: number) => Math.log(Math.max(x, 1e-10))

  it.each([8, 16])('has the mean of the logarithms of the values that do, if they are of %i bits', (bits) => {
    const values = Array.from({ length: 100_000 }, (_, i) => ((i + 0.5) / 100_000) * (scale / 2))
    for (const f of [clipped, Math.log, (x: number) => Math.log(1 + 2 ** 20 * x)]) {
      const mean = values.reduce((sum, x) => sum + f(x), 0) / values.length
      expect(Math.abs(atZero(solved(f, bits)) - mean)).toBeLessThan(0.02)
    }
  })

  it('stays 0 where the logarithm is as smooth as anywhere, or goes on below 0', () => {
    expect(solved((x) => Math.log(1 + x), 16).zero).toBe(0)
    expect(solved((x) => Math.log(Math.abs(x) + 1e-10), 16).zero).toBe(0)
  })
})

it('a HardSigmoid that makes a half of every other code is right on average, and not a quarter of a step too large there', () => {
  const evaluate = elementwise(
    makeNode('HardSigmoid', ['x'], ['y'], [makeAttribute('alpha', { float: Math.fround(1 / 6) })]),
  )!
  const tensors = [
    { name: 'x', scale: Math.fround(3 / 127), bits: 8 },
    { name: 'y', scale: Math.fround(1 / 127), bits: 8 },
  ]
  const planned: PlannedLut = {
    ...{ kind: 'lut', name: 'f', nodes: [], inputs: ['x'], outputs: ['y'] },
    ...{ evaluate, label: 'HardSigmoid' },
  }
  const quantized = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const solved = solveLut(planned, { chip, quantized, ranges: new Map(), lutBits: 10 })
  if ('offence' in solved) throw new Error(solved.offence)
  const codes = Array.from({ length: 240 }, (_, index) => index - 120)
  const errors = codes.map((code) => solved.operator.table[code + 128]! - (code / 2 + 63.5))
  expect(errors.filter((error) => Math.abs(error) === 0.5)).toHaveLength(120)
  expect(errors.reduce((sum, error) => sum + error, 0)).toBe(0)
})
