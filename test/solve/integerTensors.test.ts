import { describe, expect, it } from 'vitest'
import { makeNode as node } from '../../src/onnx/node.js'
import type { PlannedOperator } from '../../src/operators/types.js'
import type { Plan, ScaleGroup } from '../../src/plan/types.js'
import { integerTensors } from '../../src/solve/integerTensors.js'
import { histogramOf } from './samples.js'

const group = (name: string, bits: number): ScaleGroup => ({
  name,
  tensors: [name],
  sources: [name],
  bits,
  leavesChip: false,
})
const writer: PlannedOperator = { kind: 'conv', name: 'conv', nodes: [], inputs: ['x'], outputs: ['y'] }
const plan = { operators: [writer] } as unknown as Plan

const thresholdOf = (values: readonly number[], name = 'x', bits = 8) =>
  integerTensors(plan, [{ scaleGroup: group(name, bits), histogram: histogramOf(values) }]).get(name)

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('an input of integers', () => {
  it.each([
    ['pixels less 128', range(-128, 127)],
    ['a part of them', range(-3, 100)],
  ])('has the scale 1 at 8 bits: %s', (_, values) => {
    expect(thresholdOf(values)).toBe(127)
  })

  it.each([
    ['that does not fit', range(0, 255)],
    ['with a fraction among them', [...range(-128, 127), 5.5]],
    ['of a few small ones, which a finer scale holds as well', range(0, 7)],
    ['of zeros', [0, 0]],
  ])('is left to the modes where it is one %s', (_, values) => {
    expect(thresholdOf(values)).toBeUndefined()
  })

  it('is an input: what an operator writes is left to the modes', () => {
    expect(thresholdOf(range(-128, 127), 'y')).toBeUndefined()
  })
})

describe('what rounds', () => {
  const rounds = { kind: 'lut', name: 'floor', nodes: [node('Floor', ['x'], ['z'])], inputs: ['x'], outputs: ['z'] }
  const rounded = (values: readonly number[], bits: number) =>
    integerTensors({ operators: [rounds] } as unknown as Plan, [
      { scaleGroup: group('z', bits), histogram: histogramOf(values) },
    ]).get('z')

  it('has the scale 1 as well, for a few small integers too, which become places', () => {
    expect(rounded([0, 3, 9], 8)).toBe(127)
    expect(rounded([0, 3, 9], 16)).toBe(32767 / 2)
  })

  it('is left to the modes where it does not fit', () => {
    expect(rounded([0, 300], 8)).toBeUndefined()
  })
})
