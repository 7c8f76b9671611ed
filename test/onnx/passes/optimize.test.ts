import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { optimize } from '../../../src/onnx/passes/index.js'
import { asModel, floats, largestDifference, model, node, operators, runModel } from '../models.js'

describe('optimize', () => {
  it('runs the passes until nothing changes, and says what each did', async () => {
    const proto = model({
      nodes: [
        node('Relu', ['o'], ['y']),
        node('Mul', ['n', 'k'], ['o']),
        node('BatchNormalization', ['c', 'g', 'g', 'g', 'g'], ['n']),
        node('Conv', ['x', 'w'], ['c']),
        node('Identity', ['gamma'], ['g']),
        node('Sqrt', ['four'], ['k']),
        node('Constant', [], ['four'], [makeAttribute('value_float', { float: 4 })]),
      ],
      constants: [floats('w', [4, 3, 1, 1]), floats('gamma', [4], [1, 2, 3, 4])],
      opset: 12,
    })
    const { model: optimized, log } = await optimize(asModel(proto))
    expect(operators(optimized.proto)).toEqual(['Conv', 'Relu'])
    expect(optimized.proto.graph.initializer.map(({ name }) => name)).toEqual(['o_weight', 'o_bias'])
    expect(largestDifference(await runModel(proto), await runModel(optimized.proto))).toBeLessThan(1e-6)
    expect(log).toEqual([
      'Constant nodes made initializers: 1',
      'unused nodes and constants removed: 6',
      'nodes that do nothing removed: 1',
      'nodes of constants computed: 1',
      'BatchNormalization nodes folded into weights: 1',
      'Add, Sub, Mul and Div by constants folded into weights: 1',
      'nodes: 7 -> 2',
    ])
  })

  it('takes a model that is nothing but its inputs', async () => {
    const proto = model({ nodes: [], outputs: ['x'] })
    const { model: optimized, log } = await optimize(asModel(proto))
    expect(optimized.proto).toEqual(proto)
    expect(log).toEqual(['nodes: 0 -> 0'])
  })

  it('gives the same model for the same model', async () => {
    const proto = model({
      nodes: [node('Conv', ['x', 'w'], ['c']), node('Add', ['c', 'k'], ['y'])],
      constants: [floats('w', [4, 3, 1, 1]), floats('k', [1])],
    })
    const [first, second] = [await optimize(asModel(proto)), await optimize(asModel(proto))]
    expect(first).toEqual(second)
    expect((await optimize(first.model)).model).toEqual(first.model)
  })
})
