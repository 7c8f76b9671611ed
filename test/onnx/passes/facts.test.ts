import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { factsIfOpened, factsOf } from '../../../src/onnx/passes/facts.js'
import { floats, model, node } from '../models.js'

const layout = [makeAttribute('hidden_size', 2), makeAttribute('layout', 1)]
const batchFirst = model({
  nodes: [node('RNN', ['x', 'w', 'r'], ['y'], layout, 'layer')],
  constants: [floats('w', [1, 2, 3]), floats('r', [1, 2, 2])],
  inputs: { x: [1, 4, 3] },
  opset: 14,
})

describe('what is known of a model that may not open', () => {
  it('is nothing where the runtime refuses it', async () => {
    await expect(factsOf(batchFirst)).rejects.toMatchObject({ code: 'MODEL' })
    expect((await factsIfOpened(batchFirst)).size).toBe(0)
  })

  it('is what is known of every other one', async () => {
    const proto = model({ nodes: [node('Relu', ['x'], ['y'])] })
    expect(await factsIfOpened(proto)).toBe(await factsOf(proto))
  })

  it('ends with any other error', async () => {
    const broken = { ...floats('w', [1]), dims: undefined as never }
    await expect(
      factsIfOpened({ ...batchFirst, graph: { ...batchFirst.graph, initializer: [broken] } }),
    ).rejects.toThrow(TypeError)
  })
})
