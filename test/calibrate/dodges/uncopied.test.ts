// Outputs that the runtime writes into preallocated memory and nobody copies.

import { describe, expect, it } from 'vitest'
import { withRefusedOutput } from '../../../src/calibrate/dodges/uncopied.js'
import { encodeModel } from '../../../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../../src/onnx/node.js'
import { createSession } from '../../../src/onnx/runtime/session.js'
import { DataType } from '../../../src/onnx/types.js'

const dims = [1, 1000]
const relu = (opset: number) =>
  makeModel(
    makeGraph({
      nodes: [makeNode('Relu', ['x'], ['y']), makeNode('Neg', ['y'], ['z'])],
      inputs: [makeValueInfo('x', DataType.FLOAT, dims)],
      outputs: [makeValueInfo('y', DataType.FLOAT, dims), makeValueInfo('z', DataType.FLOAT, dims)],
    }),
    opset,
  )
const feeds = { x: { type: 'float32' as const, dims, data: Float32Array.from({ length: 1000 }, (_, i) => i - 500) } }
const slot = () => ({
  type: 'float32' as const,
  dims,
  data: new Float32Array(new WebAssembly.Memory({ initial: 1 }).buffer, 64, 1000),
})

describe('a model with a refused output', () => {
  it.each([7, 9, 13, 22])('of opset %i writes into preallocated arrays, and makes no others', async (opset) => {
    const session = await createSession(encodeModel(withRefusedOutput(relu(opset))))
    const fetches = { y: slot(), z: slot() }
    for (let run = 0; run < 3; run++) {
      fetches.y.data.fill(Number.NaN)
      fetches.z.data.fill(Number.NaN)
      const results = await session.run(feeds, fetches)
      expect(results).toBe(fetches)
      expect(fetches.y.data).toEqual(feeds.x.data.map((x) => Math.max(x, 0)))
      expect(fetches.z.data).toEqual(feeds.x.data.map((x) => -Math.max(x, 0)))
    }
    const before = process.memoryUsage().arrayBuffers
    for (let run = 0; run < 50; run++) await session.run(feeds, fetches)
    // Copies would be 400 000 bytes; a collection in between only makes the number smaller.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000)
  })

  it('still gives its outputs by name, and copies where an array is missing', async () => {
    const session = await createSession(encodeModel(withRefusedOutput(relu(13))))
    expect(session.outputs.map(({ name }) => name)).toEqual(['y', 'z'])
    const byName = await session.run(feeds, ['z'])
    expect(byName.z!.data).toEqual(feeds.x.data.map((x) => -Math.max(x, 0)))
    const mixed = await session.run(feeds, { y: slot(), z: null })
    expect(mixed.z!.data).toEqual(byName.z!.data)
    expect(mixed.y!.data).toEqual(feeds.x.data.map((x) => Math.max(x, 0)))
  })

  it('reports a run that fails', async () => {
    const session = await createSession(encodeModel(withRefusedOutput(relu(13))))
    const wrong = { x: { ...feeds.x, dims: [2, 500] } }
    await expect(session.run(wrong, { y: slot(), z: slot() })).rejects.toThrow('ONNX Runtime cannot run the model')
    const fetches = { y: slot(), z: slot() }
    await session.run(feeds, fetches)
    await expect(session.run(wrong, fetches)).rejects.toThrow('ONNX Runtime cannot run the model')
  })
})
