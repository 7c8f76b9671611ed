import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { samplesPerForward, splitOutputs, stackSamples } from '../../src/dataset/batch.js'
import { sampleFeeds } from '../../src/dataset/tensors/sampleFeeds.js'
import { DataType } from '../../src/onnx/types.js'

const inputs = [
  { name: 'x', dataType: DataType.FLOAT, dims: [4, 3] },
  { name: 'n', dataType: DataType.INT64, dims: [4, 1] },
]
const feeds = (value: number, rows = 1) => ({
  x: { type: 'float32' as const, data: new Float32Array(3 * rows).fill(value), dims: [rows, 3] },
  n: { type: 'int64' as const, data: new BigInt64Array(rows).fill(BigInt(value)), dims: [rows, 1] },
})

describe('models with a fixed batch', () => {
  it('take as many samples as the batch where a sample has one row', () => {
    expect(samplesPerForward(feeds(1), inputs)).toBe(4)
    expect(samplesPerForward(feeds(1, 4), inputs)).toBe(1)
    expect(
      samplesPerForward(
        feeds(1),
        inputs.map((input) => ({ ...input, dims: ['n', ...input.dims.slice(1)] })),
      ),
    ).toBe(1)
  })

  it('refuse a sample that has one row for some inputs only', () => {
    expect(() => samplesPerForward({ ...feeds(1), n: feeds(1, 4).n }, inputs)).toThrow('but not for "n"')
  })

  it('get the last sample again where a batch is not full', () => {
    const stacked = stackSamples([feeds(1), feeds(2)], 4)
    expect(stacked.x).toEqual({
      type: 'float32',
      dims: [4, 3],
      data: Float32Array.of(1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2),
    })
    expect(stacked.n?.data).toEqual(BigInt64Array.of(1n, 2n, 2n, 2n))
  })

  it('give back what was stacked when the outputs are dealt out', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 6 }), (values) => {
        const samples = values.map((value) => feeds(value))
        expect(splitOutputs(stackSamples(samples), samples.length)).toEqual(samples)
      }),
    )
  })

  it('say which output has no batch axis', () => {
    const scalar = { loss: { type: 'float32' as const, data: Float32Array.of(1), dims: [] } }
    expect(() => splitOutputs(scalar, 4)).toThrow('output "loss" has dims []')
    expect(splitOutputs(scalar, 1)).toEqual([scalar])
  })
})

describe('the feeds of a sample', () => {
  const x = { data: new Float32Array(3), dims: [1, 3] }
  const n = { data: BigInt64Array.of(7n), dims: [1, 1] }

  it('come by position or by name', () => {
    const byPosition = sampleFeeds({ inputs: [x, n] }, inputs, 'a.jpg')
    expect(sampleFeeds({ inputs: { n, x } }, inputs, 'a.jpg')).toEqual(byPosition)
    expect(Object.keys(byPosition)).toEqual(['x', 'n'])
    expect(byPosition.x?.data).toBe(x.data)
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'sample "a.jpg": load must return { inputs, label? }'],
    ['no inputs', {}, 'got undefined for inputs'],
    ['too few', { inputs: [x] }, 'sample "a.jpg": got 1 inputs, expected 2: "x", "n"'],
    ['a missing name', { inputs: { x } }, 'sample "a.jpg": input "n" is missing'],
    ['an unknown name', { inputs: { x, n, y: x } }, 'the model has no input "y"; expected "x" or "n"'],
    [
      'two rows of four',
      { inputs: [{ data: new Float32Array(6), dims: [2, 3] }, n] },
      'has dims [2, 3], expected [4, 3]',
    ],
    ['NaN', { inputs: [{ data: [0, Number.NaN, 0], dims: [1, 3] }, n] }, 'sample "a.jpg": input 0 "x" has a NaN'],
  ])('are refused with the reason: %s', (_, sample, message) => {
    expect(() => sampleFeeds(sample as never, inputs, 'a.jpg')).toThrow(message)
  })
})
