import { Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { type ExecutorOptions, makeExecutor } from '../../../src/dataset/script/executor.js'
import type { Feeds, TensorLike } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'

const image = { name: 'image', dataType: DataType.FLOAT, dims: ['n', 3, 2, 2] }
const mask = { name: 'mask', dataType: DataType.BOOL, dims: [1, ''] }
const ids = { name: 'ids', dataType: DataType.INT64, dims: [1, 2] }
const half = { name: 'half', dataType: DataType.FLOAT16, dims: [2] }

function setup(options: Partial<ExecutorOptions> = {}) {
  const seen: Feeds[] = []
  const executor = makeExecutor({
    iteration: 4,
    batchSize: 10,
    dataset: 'photos',
    saveDir: '/out',
    inputs: [image],
    outputs: ['12', '7'],
    outputNodes: { 12: 'Softmax_3', 7: 'Conv_1' },
    forward: async (feeds) => {
      seen.push(feeds)
      const value = (x: number) => ({ type: 'float32' as const, data: Float32Array.of(x), dims: [1] })
      return { 7: value(7), 12: value(12) }
    },
    ...options,
  })
  return { executor, seen }
}

const zeros = (count = 12) => ({ data: new Float32Array(count), dims: [1, 3, 2, 2] })

describe('the executor', () => {
  it("has Knight's members under both spellings", () => {
    const { executor } = setup()
    expect(executor.iteration).toBe(4)
    expect([executor.batchSize, executor.batch_size]).toEqual([10, 10])
    expect(executor.dataset).toBe('photos')
    expect([executor.saveDir, executor.save_dir]).toEqual(['/out', '/out'])
    expect(executor.inputNodes).toEqual(['image'])
    expect(executor.input_nodes).toEqual(['image'])
    expect(executor.inputTypes).toEqual([1])
    expect(executor.input_types).toEqual([1])
    expect(executor.outputNodeList).toEqual(['12', '7'])
    expect(executor.output_node_list).toEqual(['12', '7'])
    expect(executor.outputNameToNodeName()).toEqual({ 12: 'Softmax_3', 7: 'Conv_1' })
    expect(executor.output_name_to_node_name()).toEqual(executor.outputNameToNodeName())
  })

  it('fills the shapes when asked, the batch size standing for what is dynamic', () => {
    const { executor } = setup()
    expect(executor.shapeDicts).toEqual({})
    executor.init_shape_info()
    expect(executor.shapeDicts).toEqual({ image: [10, 3, 2, 2] })
    expect(executor.shape_dicts).toEqual(executor.shapeDicts)
  })

  it('asks the engine each time for the early stop flag', () => {
    let stop = false
    const { executor } = setup({ stopped: () => stop })
    expect(executor.earlyStopFlag).toBe(false)
    stop = true
    expect([executor.earlyStopFlag, executor.early_stop_flag]).toEqual([true, true])
  })

  it('gives the outputs in model order, also where their names are numbers', async () => {
    const { executor } = setup()
    const outputs = await executor.forward(zeros())
    expect(outputs.map((output) => output.data[0])).toEqual([12, 7])
    expect(outputs.byName['7']?.data[0]).toBe(7)
  })

  it('takes plain numbers, typed arrays, buffers and tensors of onnxruntime', async () => {
    const { executor, seen } = setup({ inputs: [image, mask, ids, half] })
    const rest: TensorLike[] = [
      { data: Uint8Array.of(1, 0, 1), dims: [1, 3], type: 'bool' },
      new Tensor('int64', [1n, -2n], [1, 2]) as TensorLike,
      { data: Uint16Array.of(0x3c00, 0), dims: [2], type: 'float16' },
    ]
    const numbers = Array.from({ length: 12 }, (_, i) => i / 4)
    await executor.forward({ data: numbers, dims: [1, 3, 2, 2] }, ...rest)
    await executor.forward(new Tensor('float32', Float32Array.from(numbers), [1, 3, 2, 2]) as TensorLike, ...rest)
    for (const feeds of seen) {
      expect(feeds.image).toEqual({ type: 'float32', data: Float32Array.from(numbers), dims: [1, 3, 2, 2] })
      expect(feeds.mask).toEqual({ type: 'bool', data: Uint8Array.of(1, 0, 1), dims: [1, 3] })
      expect(feeds.ids).toEqual({ type: 'int64', data: BigInt64Array.of(1n, -2n), dims: [1, 2] })
      expect(feeds.half?.type).toBe('float16')
    }
    const bytes = setup({ inputs: [{ name: 'x', dataType: DataType.UINT8, dims: [2] }] })
    await bytes.executor.forward({ data: Buffer.from([1, 2]), dims: [2] })
    expect(bytes.seen[0]?.x?.data.constructor).toBe(Uint8Array)
  })

  it('copies its inputs before it returns, so that a buffer can be filled anew at once', async () => {
    const { executor, seen } = setup()
    const shared = zeros()
    const calls = [1, 2, 3].map((value) => {
      shared.data.fill(value)
      return executor.forward(shared)
    })
    await Promise.all(calls)
    expect(seen.map((feeds) => feeds.image?.data[0])).toEqual([1, 2, 3])
    expect(new Set(seen.map((feeds) => feeds.image?.data.buffer)).size).toBe(3)
  })

  it('lets calls overlap and gives each its own outputs', async () => {
    const { executor } = setup({
      forward: async (feeds, index) => {
        await new Promise((resolve) => setTimeout(resolve, 20 - 10 * index))
        const value = feeds.image!
        return { 12: value, 7: value }
      },
    })
    const results = await Promise.all(
      [5, 6].map((x) => executor.forward({ ...zeros(), data: new Float32Array(12).fill(x) })),
    )
    expect(results.map(([first]) => first?.data[0])).toEqual([5, 6])
  })
})

describe('wrong arguments of forward', () => {
  const float = (data: unknown, dims: unknown = [1, 3, 2, 2], type?: string) => ({
    data,
    dims,
    ...(type ? { type } : {}),
  })
  const nan = new Float32Array(12)
  nan[7] = Number.NaN

  it.each<[string, unknown[], string]>([
    ['too few inputs', [], 'forward 1: got 0 inputs, expected 1: "image"'],
    ['too many inputs', [zeros(), zeros()], 'forward 1: got 2 inputs, expected 1: "image"'],
    [
      'a bare array',
      [new Float32Array(12)],
      'is a Float32Array, expected a tensor { data, dims } with dims [n, 3, 2, 2]',
    ],
    ['null', [null], 'is null, expected a tensor'],
    ['another type', [float(new Float64Array(12))], 'is Float64Array (float64), expected float32 in a Float32Array'],
    [
      'another type by name',
      [float(new Float32Array(12), undefined, 'float64')],
      'is Float32Array (float64), expected float32',
    ],
    ['data that are no array', [float('abc')], 'is a string, expected float32'],
    ['text among numbers', [float([...Array(11).fill(0), '1'])], 'has a string at element 11, expected a number'],
    [
      'dims that are no numbers',
      [float(new Float32Array(12), [1, 'x'])],
      'has dims [1,"x"], expected an array of whole numbers',
    ],
    ['too few dims', [float(new Float32Array(12), [12])], 'input 0 "image" has dims [12], expected [n, 3, 2, 2]'],
    ['other dims', [float(new Float32Array(12), [1, 2, 3, 2])], 'has dims [1, 2, 3, 2], expected [n, 3, 2, 2]'],
    ['too few elements', [zeros(11)], 'has 11 elements, expected 12 for dims [1, 3, 2, 2]'],
    ['NaN', [float(nan)], 'has a NaN or infinite value at element 7 ([0, 1, 1, 1])'],
    [
      'infinity among numbers',
      [float([...Array(11).fill(0), Number.POSITIVE_INFINITY])],
      'infinite value at element 11',
    ],
  ])('are explained: %s', async (_, values, message) => {
    const { executor, seen } = setup()
    const call = executor.forward(...(values as TensorLike[]))
    await expect(call).rejects.toMatchObject({ name: 'SquireError', code: 'DATA' })
    await expect(call).rejects.toThrow(message)
    expect(seen).toEqual([])
  })

  it('names the forward and tells what array holds booleans and 64-bit integers', async () => {
    const { executor } = setup({ inputs: [ids, mask] })
    const good = { data: BigInt64Array.of(1n, 2n), dims: [1, 2] }
    await expect(executor.forward(good, good)).rejects.toThrow(
      'forward 1: input 1 "mask" is BigInt64Array (int64), expected bool in a Uint8Array with type: "bool"',
    )
    await expect(executor.forward({ data: [1, 2], dims: [1, 2] }, good)).rejects.toThrow(
      'forward 2: input 0 "ids" is an array of numbers, expected int64 in a BigInt64Array',
    )
  })

  it('names an input of a type that cannot be fed', async () => {
    const { executor } = setup({ inputs: [{ name: 'text', dataType: DataType.STRING, dims: [1] }] })
    await expect(executor.forward(zeros())).rejects.toThrow('input 0 "text" has ONNX type 8')
  })
})
