import { describe, expect, it } from 'vitest'
import { inferAuto, randomTensor } from '../../../src/dataset/builtin/inferAuto.js'
import { makeExecutor } from '../../../src/dataset/script/executor.js'
import type { Feeds } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'

async function run(inputs: { name: string; dataType: number; dims: (number | string)[] }[], iteration = 1) {
  const seen: Feeds[] = []
  const executor = makeExecutor({
    iteration,
    batchSize: 3,
    dataset: undefined,
    saveDir: '.',
    inputs,
    outputs: [],
    outputNodes: {},
    forward: async (feeds) => {
      seen.push(feeds)
      return {}
    },
  })
  return { metric: await inferAuto(executor), seen }
}

describe('infer_auto', () => {
  it("feeds the vendor's standard normal numbers, anew for each input", async () => {
    const { seen } = await run([
      { name: 'a', dataType: DataType.FLOAT, dims: [1, 3] },
      { name: 'b', dataType: DataType.DOUBLE, dims: ['n', 1] },
    ])
    expect(seen[0]?.a?.data).toEqual(Float32Array.of(-1.0856306, 0.99734545, 0.2829785))
    expect(seen[0]?.b?.data).toEqual(Float64Array.of(-1.0856306033005612, 0.9973454465835858, 0.28297849805199204))
    expect(seen[0]?.b?.dims).toEqual([3, 1])
  })

  it('draws signed integers from [-10, 10) and unsigned ones from [1, 10)', () => {
    for (const type of ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const) {
      const values = Array.from(randomTensor(type, [1000]).data, Number)
      const low = type.startsWith('u') ? 1 : -10
      expect([Math.min(...values), Math.max(...values)]).toEqual([low, 9])
    }
  })

  it('gives the integers numpy gives', () => {
    // numpy.random.seed(123); numpy.random.randint(-10, 10, 8, 'int64'), and (1, 10, 8, 'uint8')
    expect([...randomTensor('int64', [8]).data]).toEqual([3n, -8n, -8n, -4n, 7n, 9n, 0n, -9n])
    expect([...randomTensor('uint8', [8]).data]).toEqual([3, 5, 7, 1, 3, 6, 1, 3])
  })

  it('forwards the same arrays in every iteration and has no metric', async () => {
    const { metric, seen } = await run([{ name: 'a', dataType: DataType.FLOAT16, dims: [2, 2] }], 35)
    expect(metric).toBeUndefined()
    expect(seen).toHaveLength(35)
    for (const feeds of seen) expect(feeds.a?.data).toEqual(Uint16Array.of(48216, 15355, 13447, 48646))
  })

  it('names an input of a type that it cannot make', async () => {
    await expect(run([{ name: 'text', dataType: DataType.STRING, dims: [1] }])).rejects.toThrow(
      '"text" has ONNX type 8',
    )
  })
})
