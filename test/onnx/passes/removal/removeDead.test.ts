import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { removeDead } from '../../../../src/onnx/passes/removal/removeDead.js'
import { DataType } from '../../../../src/onnx/types.js'
import { floats, largestDifference, model, node, runModel } from '../../models.js'

describe('removeDead', () => {
  it('removes nodes, constants and value infos that no output needs, and keeps the inputs', async () => {
    const proto = model({
      nodes: [node('Relu', ['x'], ['y']), node('Add', ['x', 'w'], ['a']), node('Relu', ['a'], ['b'])],
      constants: [floats('w', [1]), floats('v', [1])],
      inputs: { x: [2], unused: [2] },
    })
    proto.graph.valueInfo = [makeValueInfo('a', DataType.FLOAT, [2]), makeValueInfo('y', DataType.FLOAT, [2])]
    const result = await removeDead.apply(proto)
    expect(result.count).toBe(4)
    expect(result.proto.graph.node).toEqual([proto.graph.node[0]])
    expect(result.proto.graph.initializer).toEqual([])
    expect(result.proto.graph.valueInfo.map(({ name }) => name)).toEqual(['y'])
    expect(result.proto.graph.input).toEqual(proto.graph.input)
    expect((await removeDead.apply(result.proto)).proto).toBe(result.proto)
  })

  it('keeps what only a subgraph reads, an initializer that is an output, and a node of which one output is used', async () => {
    const branch = makeGraph({
      nodes: [node('Add', ['captured', 'w'], ['z'])],
      inputs: [],
      outputs: [makeValueInfo('z', DataType.FLOAT)],
    })
    const proto = model({
      nodes: [
        node('Neg', ['x'], ['captured']),
        node('If', ['yes'], ['y'], [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]),
        node('TopK', ['x', 'one'], ['unused', 'indices']),
        node('Cast', ['indices'], ['i'], [makeAttribute('to', DataType.FLOAT)]),
      ],
      constants: [
        floats('w', [1]),
        floats('kept', [1]),
        { name: 'yes', dims: [], dataType: DataType.BOOL, int32Data: [1] },
        { name: 'one', dims: [1], dataType: DataType.INT64, int64Data: [1] },
      ],
      outputs: ['y', 'kept', 'i'],
    })
    expect(await removeDead.apply(proto)).toEqual({ proto, count: 0 })
  })

  it('keeps the last of two initializers with one name, as the runtime does', async () => {
    const proto = model({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      constants: [floats('w', [1], [1]), floats('w', [1], [2])],
    })
    const result = await removeDead.apply(proto)
    expect(result.proto.graph.initializer).toEqual([floats('w', [1], [2])])
    expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBe(0)
  })
})
