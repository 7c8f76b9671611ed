import { describe, expect, it } from 'vitest'
import { stepTensors } from '../../../src/onnx/shapes/stepTensors.js'
import { DataType, type ModelProto } from '../../../src/onnx/types.js'
import { scanModel } from '../scans.js'

const proto = scanModel({
  ...{ steps: 3, batch: 2, width: 4, functions: ['Tanh', 'Relu'], axes: [0, 0], reverse: [false, false] },
  ...{ opset: 17, seed: 1 },
})
const of = (one: ModelProto, dims: readonly number[] = [2, 4]) =>
  stepTensors(one, one.graph.node[0]!, (name) => ({
    dataType: DataType.FLOAT,
    dims: name === 'x' ? [3, 2, 4] : dims,
  }))

describe('stepTensors', () => {
  it('says what the steps read and write', async () => {
    expect((await of(proto))?.get('product')).toEqual({ dataType: DataType.FLOAT, dims: [2, 4] })
  })

  it('says nothing of steps that the runtime refuses', async () => {
    expect(await of(proto, [2, 5])).toBeUndefined()
  })

  it('does not take another failure for a refusal', async () => {
    const [, ...others] = proto.graph.initializer
    const unread = Object.defineProperty({ ...proto.graph.initializer[0]! }, 'rawData', {
      enumerable: true,
      get() {
        throw new Error('the disk is gone')
      },
    })
    const broken = { ...proto, graph: { ...proto.graph, initializer: [unread, ...others] } }
    await expect(of(broken)).rejects.toThrow('the disk is gone')
  })
})
