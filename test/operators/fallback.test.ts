import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { DataType } from '../../src/onnx/types.js'
import { floatReason } from '../../src/operators/fallback/reasons.js'
import { isFallback } from '../../src/operators/index.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import { asModel, feedsFor, floats, model, node } from '../onnx/models.js'

describe('what runs in float', () => {
  it('says so where data decide how many values there are, and not of what computes on whole numbers', async () => {
    const given = asModel(
      model({
        nodes: [
          node('Relu', ['x'], ['r'], [], 'relu'),
          node('NonZero', ['r'], ['places'], [], 'places'),
          node('Transpose', ['places'], ['rows'], [], 'rows'),
          node('Cast', ['rows'], ['values'], [makeAttribute('to', DataType.FLOAT)], 'values'),
          node('Mul', ['values', 'k'], ['y'], [], 'scaled'),
        ],
        constants: [floats('k', [4])],
        outputs: ['y', 'r'],
      }),
    )
    const plan = makePlan(given, await shapesFor(given, feedsFor(given.proto)), oneWidth(chipProfile('TX5105C'), 8))
    const reasons = plan.operators.filter(isFallback).map(({ name, reason }) => [name, reason])
    const varying = 'how many values it gets depends on the data'
    expect(Object.fromEntries(reasons)).toEqual({
      places: 'how many values it gives depends on the data',
      rows: undefined,
      values: varying,
      scaled: varying,
    })
  })

  it.each([
    ['RoiAlign', [makeAttribute('mode', 'max')], 'its mode is max'],
    ['RoiAlign', [], 'its sampling_ratio is 0'],
    ['RoiAlign', [makeAttribute('sampling_ratio', 2)], 'its opset has no GridSample, as 16 has (-ov 16)'],
    ['MaxRoiPool', [], 'how many values it takes the largest of depends on the data'],
    ['Det', [], 'products of many values leave every width'],
    ['Loop', [], 'data decide how many steps it takes'],
    ['Pow', [], 'its base may be zero or less'],
    ['NonMaxSuppression', [], 'how many values it gives depends on the data'],
  ])('a %s with %j has its own reason', (opType, attributes, reason) => {
    expect(floatReason(node(opType, ['x'], ['y'], attributes))).toContain(reason)
  })
})
