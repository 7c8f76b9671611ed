import { expect, test } from 'vitest'
import { floatsOf } from '../../src/compare/byName.js'
import { DataType } from '../../src/onnx/types.js'
import { model, node } from '../onnx/models.js'

test('what two models have in common is found without their weights, which may be larger than a file holds', async () => {
  const large = {
    name: 'w',
    dataType: DataType.FLOAT,
    dims: [2 ** 15, 2 ** 15],
    dataLocation: 1,
    externalData: [{ key: 'location', value: 'nowhere.data' }],
    modelFile: '/nowhere/model.onnx',
  }
  const proto = model({
    inputs: { x: [1, 2 ** 15] },
    nodes: [node('MatMul', ['x', 'w'], ['m']), node('Shape', ['m'], ['s']), node('Relu', ['m'], ['y'])],
    constants: [large],
  })
  expect(await floatsOf(proto)).toEqual(['m', 'y'])
})
