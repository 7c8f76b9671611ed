import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import type { ModelProto } from '../../src/onnx/types.js'
import { requireFiniteWeights } from '../../src/runs/given/finiteWeights.js'
import { asModel, floats, model, node } from '../onnx/models.js'

const [nan, infinity] = [Number.NaN, Number.POSITIVE_INFINITY]
const check = (proto: ModelProto) => () => requireFiniteWeights(asModel(proto))
const one = (opType: string, values: readonly number[]) =>
  model({
    nodes: [node(opType, ['x', 'w'], ['y'], [], 'first')],
    constants: [floats('w', [2, 2], values)],
    inputs: { x: [2, 2] },
  })

describe('weights that are not finite', () => {
  it('are told with their initializer, its reader, how many they are, and where the first one is', () => {
    expect(check(one('MatMul', [1, 2, nan, infinity]))).toThrow(
      'initializer "w", which "first" (MatMul) reads, has 1 NaN and 1 infinite of 4 values, the first at [1, 0]',
    )
    expect(check(one('MatMul', [1, 2, nan, infinity]))).toThrow('export the model again')
    expect(check(one('Add', [1, nan, nan, -infinity]))).toThrow('has 2 NaN of 4 values, the first at [0, 1]')
  })

  it('are found in Constant nodes, and behind nodes that rearrange them', () => {
    const value = makeAttribute('value', floats('', [2, 2], [1, 1, 1, nan]))
    const proto = model({
      nodes: [
        node('Constant', [], ['c'], [value]),
        node('Transpose', ['c'], ['t'], []),
        node('MatMul', ['x', 't'], ['y'], [], 'last'),
      ],
      inputs: { x: [2, 2] },
    })
    expect(check(proto)).toThrow('initializer "c", which "last" (MatMul) reads, has 1 NaN')
  })

  it('are listed, the first few', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const nodes = names.map((name, i) => node('MatMul', [i === 0 ? 'x' : `t${i - 1}`, name], [i === 4 ? 'y' : `t${i}`]))
    const constants = names.map((name) => floats(name, [2, 2], [0, 0, 0, nan]))
    expect(check(model({ nodes, constants, inputs: { x: [2, 2] } }))).toThrow(
      /"a".*"b".*"c".*and 2 more initializers$/s,
    )
  })

  it('are no fault where nothing computes with them: masks, what is chosen from, and what nothing reads', () => {
    const proto = model({
      nodes: [
        node('Add', ['x', 'mask'], ['masked']),
        node('Gather', ['table', 'ids'], ['rows']),
        node('MatMul', ['x', 'dead'], ['unread']),
        node('Softmax', ['masked'], ['y']),
      ],
      constants: [
        floats('mask', [2], [0, -infinity]),
        floats('table', [2], [0, nan]),
        floats('dead', [2, 2], [nan, nan, nan, nan]),
      ],
      inputs: { x: [2, 2] },
    })
    expect(check(proto)).not.toThrow()
  })
})
