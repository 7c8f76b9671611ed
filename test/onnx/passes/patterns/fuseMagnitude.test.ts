import { describe, expect, it } from 'vitest'
import { fuseMagnitude } from '../../../../src/onnx/passes/patterns/fuseMagnitude.js'
import { floats, largestDifference, model, node, operators, runModel } from '../../models.js'

/** sqrt(a^2 + b^2), one square by Pow, one by Mul. */
const nodes = [
  node('Conv', ['x', 'wa'], ['a'], [], 'a'),
  node('Conv', ['x', 'wb'], ['b'], [], 'b'),
  node('Pow', ['a', 'two'], ['aa'], [], 'aa'),
  node('Mul', ['b', 'b'], ['bb'], [], 'bb'),
  node('Add', ['aa', 'bb'], ['sum'], [], 'sum'),
  node('Sqrt', ['sum'], ['y'], [], 'root'),
]
const constants = [floats('wa', [5, 3, 1, 1]), floats('wb', [5, 3, 1, 1]), floats('two', [], [2])]

describe('fuseMagnitude', () => {
  it.each([11, 13, 18])('makes a norm of a root of two squares, with the same values, in opset %i', async (opset) => {
    const proto = model({ nodes, constants, opset })
    const { proto: fused, count } = await fuseMagnitude.apply(proto)
    expect(count).toBe(1)
    expect(operators(fused)).toEqual(['Conv', 'Conv', 'Unsqueeze', 'Unsqueeze', 'Concat', 'ReduceL2'])
    expect(largestDifference(await runModel(proto), await runModel(fused))).toBeLessThan(1e-6)
  })

  it.each([
    ['a sum that is an output', { outputs: ['y', 'sum'] }],
    ['dims that are open', { inputs: { x: [1, 3, 'h', 4] } }],
    ['another exponent', { constants: [...constants.slice(0, 2), floats('two', [], [3])] }],
    ['parts that broadcast', { constants: [constants[0]!, floats('wb', [1, 3, 1, 1]), constants[2]!] }],
  ])('leaves %s', async (_what, parts) => {
    const proto = model({ nodes, constants, ...parts })
    expect((await fuseMagnitude.apply(proto)).proto).toBe(proto)
  })
})
