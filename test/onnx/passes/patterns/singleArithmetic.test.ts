import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { singleArithmetic } from '../../../../src/onnx/passes/patterns/singleArithmetic.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import { DataType, type NodeProto } from '../../../../src/onnx/types.js'
import { asModel, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

const cast = (from: string, to: string, type: number) => node('Cast', [from], [to], [makeAttribute('to', type)])
const two = makeTensor('two', DataType.DOUBLE, [], Float64Array.of(2))

/** x less its mean, squared, in double precision. */
const nodes: readonly NodeProto[] = [
  cast('x', 'wide', DataType.DOUBLE),
  node('ReduceMean', ['wide'], ['mean'], [makeAttribute('axes', [-1])]),
  node('Sub', ['wide', 'mean'], ['less']),
  node('Pow', ['less', 'two'], ['square']),
  cast('square', 'y', DataType.FLOAT),
]

describe('singleArithmetic', () => {
  it('computes on activations in float32, without the casts', async () => {
    const proto = model({ nodes, constants: [two] })
    const { model: optimized } = await optimize(asModel(proto))
    expect(operators(optimized.proto)).toEqual(['ReduceMean', 'Sub', 'Pow'])
    expect(largestDifference(await runModel(proto), await runModel(optimized.proto))).toBeLessThan(1e-6)
  })

  it('leaves the arithmetic of dims in double precision', async () => {
    const dims = [
      node('Shape', ['x'], ['shape']),
      cast('shape', 'wide', DataType.DOUBLE),
      node('Div', ['wide', 'two'], ['half']),
      cast('half', 'sizes', DataType.INT64),
      node('Expand', ['one', 'sizes'], ['y']),
    ]
    const proto = model({ nodes: dims, constants: [two, longs('one', [1], [1])], inputs: { x: ['n', 3] } })
    expect((await singleArithmetic.apply(proto)).proto).toBe(proto)
  })

  it('leaves what the model gives as doubles', async () => {
    const proto = model({ nodes: nodes.slice(0, 3), constants: [], outputs: ['less'] })
    const given = { ...proto.graph.output[0]!, type: { tensorType: { elemType: DataType.DOUBLE } } }
    const doubled = { ...proto, graph: { ...proto.graph, output: [given] } }
    expect((await singleArithmetic.apply(doubled)).proto).toBe(doubled)
  })
})
