// What depends on dims alone is constant once the first samples give the dims; the model that calibration runs keeps them open.

import { expect, it } from 'vitest'
import { prepare } from '../../src/calibrate/prepare.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { modelInputs } from '../../src/onnx/model.js'
import { DataType } from '../../src/onnx/types.js'
import { isFallback } from '../../src/operators/index.js'
import { oneWidth } from '../../src/plan/options.js'
import { temporaryFolder } from '../onnx/folder.js'
import { asModel, longs, model, node, operators, runModel } from '../onnx/models.js'

const folder = temporaryFolder()

/** x of any length, times the cosine of its length: what a rotary embedding does with the length of its cache. */
const rotated = model({
  inputs: { x: [1, 'length', 4] },
  nodes: [
    node('Relu', ['x'], ['r'], [], 'relu'),
    node('Shape', ['r'], ['dims'], [], 'shape'),
    node('Gather', ['dims', 'one'], ['length'], [], 'gather'),
    node('Cast', ['length'], ['angle'], [makeAttribute('to', DataType.FLOAT)], 'cast'),
    node('Cos', ['angle'], ['factor'], [], 'cos'),
    node('Mul', ['r', 'factor'], ['y'], [], 'mul'),
  ],
  constants: [longs('one', [], [1])],
})
const x = (length: number) => ({
  type: 'float32' as const,
  dims: [1, length, 4],
  data: Float32Array.from({ length: length * 4 }, (_, i) => Math.sin(i)),
})

it('what dims alone decide is constant in the plan, and open where calibration runs', async () => {
  const {
    model: open,
    staticModel,
    plan,
  } = await prepare(asModel(rotated), { x: x(3) }, oneWidth(chipProfile('TX5105C'), 8), folder(''))
  expect(plan.operators.filter(isFallback)).toEqual([])
  expect(operators(staticModel.proto)).toEqual(['Relu', 'Mul'])
  expect(modelInputs(staticModel.proto).map(({ dims }) => dims)).toEqual([[1, 3, 4]])
  expect((await runModel(staticModel.proto, { x: x(3) })).y).toEqual((await runModel(rotated, { x: x(3) })).y)
  expect((await runModel(open.proto, { x: x(5) })).y!.dims).toEqual([1, 5, 4])
})
