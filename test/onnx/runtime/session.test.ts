import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeModel } from '../../../src/onnx/model.js'
import { makeGraph, makeModel, makeValueInfo } from '../../../src/onnx/node.js'
import { createSession, type Session } from '../../../src/onnx/runtime/session.js'
import { DataType, type ElementType, type TensorData, type TensorValue } from '../../../src/onnx/types.js'
import { longs, model, node } from '../models.js'

/** y = relu(x), z = x + x, on x [n, 2]. */
const proto = model({
  nodes: [node('Relu', ['x'], ['y']), node('Add', ['x', 'x'], ['z'])],
  inputs: { x: ['n', 2] },
  outputs: ['y', 'z'],
})
const x: TensorValue = { type: 'float32', data: Float32Array.of(-1, 2, 3, -4), dims: [2, 2] }
const y = Float32Array.of(0, 2, 3, 0)
const z = Float32Array.of(-2, 4, 6, -8)

describe('a session', () => {
  let session: Session
  beforeAll(async () => {
    session = await createSession(encodeModel(proto))
  })
  afterAll(() => session.release())

  it('tells its inputs and outputs in model order', () => {
    expect(session.inputs).toEqual([{ name: 'x', dataType: DataType.FLOAT, dims: ['n', 2] }])
    expect(session.outputs.map(({ name, dataType }) => [name, dataType])).toEqual([
      ['y', DataType.FLOAT],
      ['z', DataType.FLOAT],
    ])
  })

  it('gives every output, or those asked for by name', async () => {
    expect(await session.run({ x })).toEqual({
      y: { type: 'float32', data: y, dims: [2, 2] },
      z: { type: 'float32', data: z, dims: [2, 2] },
    })
    expect(Object.keys(await session.run({ x }, ['z']))).toEqual(['z'])
  })

  it('writes into the arrays it is given, also in a WebAssembly memory, and allocates the others', async () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const slot: TensorValue = { type: 'float32', data: new Float32Array(memory.buffer, 4096, 4), dims: [2, 2] }
    const results = await session.run({ x }, { y: slot, z: null })
    expect(results.y).toBe(slot)
    expect(new Float32Array(memory.buffer, 4096, 4)).toEqual(y)
    expect(results.z?.data).toEqual(z)
  })

  it('refuses an array of other dims, and writes nothing', async () => {
    const slot: TensorValue = { type: 'float32', data: new Float32Array(6), dims: [3, 2] }
    await expect(session.run({ x }, { y: slot })).rejects.toThrow('ONNX Runtime cannot run the model')
    expect(slot.data).toEqual(new Float32Array(6))
  })

  it('takes inputs that view shared memory', async () => {
    const data = new Float32Array(new SharedArrayBuffer(16))
    data.set(x.data as Float32Array)
    expect((await session.run({ x: { ...x, data } })).y?.data).toEqual(y)
  })

  it('refuses to fetch what is no output', async () => {
    await expect(session.run({ x }, ['y', 'w'])).rejects.toThrow(
      'the model has no output "w": its outputs are "y" or "z"',
    )
  })

  it('gives each of several runs at once its own results', async () => {
    const values = [1, 2, 3].map((value) => session.run({ x: { ...x, data: new Float32Array(4).fill(value) } }, ['z']))
    expect((await Promise.all(values)).map((result) => result.z?.data[0])).toEqual([2, 4, 6])
  })

  it('fails as a SquireError with the runtime’s reason', async () => {
    const wrong = session.run({ x: { ...x, dims: [4] } })
    await expect(wrong).rejects.toMatchObject({ name: 'SquireError', code: 'MODEL' })
    await expect(wrong).rejects.toThrow('Invalid rank for input: x')
  })
})

const rows: readonly [ElementType, number, TensorData][] = [
  ['float32', DataType.FLOAT, Float32Array.of(1.5, -2)],
  ['float64', DataType.DOUBLE, Float64Array.of(0.1, -2)],
  ['float16', DataType.FLOAT16, Uint16Array.of(0x3c00, 0xc000)],
  ['int8', DataType.INT8, Int8Array.of(-128, 127)],
  ['uint8', DataType.UINT8, Uint8Array.of(255, 0)],
  ['int16', DataType.INT16, Int16Array.of(-32768, 7)],
  ['uint16', DataType.UINT16, Uint16Array.of(65535, 7)],
  ['int32', DataType.INT32, Int32Array.of(-7, 7)],
  ['uint32', DataType.UINT32, Uint32Array.of(2 ** 32 - 1, 7)],
  ['int64', DataType.INT64, BigInt64Array.of(-1n, 2n ** 40n)],
  ['uint64', DataType.UINT64, BigUint64Array.of(2n ** 64n - 1n, 7n)],
  ['bool', DataType.BOOL, Uint8Array.of(1, 0)],
]

describe('every element type', () => {
  it.each(rows)('%s goes in and comes out as it was', async (type, dataType, data) => {
    const graph = makeGraph({
      nodes: [node('Identity', ['x'], ['y'])],
      inputs: [makeValueInfo('x', dataType, [2])],
      outputs: [makeValueInfo('y', dataType, [2])],
    })
    const session = await createSession(encodeModel(makeModel(graph, 13)))
    const value = { type, data, dims: [2] }
    expect(session.inputs[0]?.dataType).toBe(dataType)
    expect(await session.run({ x: value })).toEqual({ y: value })
    await session.release()
  })
})

describe('a model the runtime cannot load', () => {
  it('fails as a SquireError that says why', async () => {
    const broken = encodeModel(model({ nodes: [node('Relu', ['nothing'], ['y'], [], 'relu')] }))
    await expect(createSession(broken)).rejects.toMatchObject({ code: 'MODEL' })
    await expect(createSession(broken)).rejects.toThrow(/^ONNX Runtime cannot load the model: .*nothing/s)
    await expect(createSession('/nowhere/model.onnx')).rejects.toThrow('cannot load "/nowhere/model.onnx"')
  })

  it('or has outputs that are no tensors, which are left out', async () => {
    const graph = makeGraph({
      nodes: [node('SequenceConstruct', ['x', 'x'], ['s']), node('SequenceLength', ['s'], ['n'])],
      inputs: [makeValueInfo('x', DataType.FLOAT, [2])],
      outputs: [{ name: 's' }, makeValueInfo('n', DataType.INT64, [])],
    })
    const session = await createSession(encodeModel(makeModel(graph, 13)))
    expect(session.outputs.map(({ name }) => name)).toEqual(['n'])
    const feeds = { x: { type: 'float32', data: Float32Array.of(1, 2), dims: [2] } } as const
    expect((await session.run(feeds)).n?.data).toEqual(BigInt64Array.of(2n))
    await session.release()
  })
})

describe('what the runtime complains of', () => {
  it('is told without the places in its sources', async () => {
    const nodes = [node('Reshape', ['x', 'seven'], ['y'], [], 'reshape')]
    const session = await createSession(
      encodeModel(model({ nodes, constants: [longs('seven', [2], [7, -1])], inputs: { x: ['n', 2] } })),
    )
    const error = await session.run({ x }).catch(String)
    await session.release()
    expect(error).toContain('reshape')
    expect(error).toContain('Status Message: The input tensor cannot be reshaped to the requested shape')
    const unwritten = { ...proto, graph: { ...proto.graph, output: [makeValueInfo('w', DataType.FLOAT)] } }
    await expect(createSession(encodeModel(unwritten))).rejects.toThrow(
      /^ONNX Runtime cannot load the model: This is an invalid model. Graph output \(w\) does not exist in the graph.$/,
    )
  })
})
