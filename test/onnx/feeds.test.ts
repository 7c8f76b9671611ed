import { describe, expect, it } from 'vitest'
import type { ModelInput } from '../../src/dataset/types.js'
import { checkFeeds } from '../../src/onnx/feeds.js'
import { DataType, type TensorValue } from '../../src/onnx/types.js'

const inputs: readonly ModelInput[] = [
  { name: 'image', dataType: DataType.FLOAT, dims: ['batch', 1, '', 2] },
  { name: 'rate', dataType: DataType.INT64, dims: [] },
]
const image: TensorValue = { type: 'float32', data: new Float32Array(12), dims: [2, 1, 3, 2] }
const rate: TensorValue = { type: 'int64', data: BigInt64Array.of(16000n), dims: [] }

const bad: readonly [string, Record<string, TensorValue>, string][] = [
  ['an input is missing', { image }, 'sample 7 does not give input "rate": the model\'s inputs are "image" or "rate"'],
  [
    'there is one too many',
    { image, rate, extra: rate },
    'sample 7 has no place for "extra": the model\'s inputs are "image" or "rate"',
  ],
  [
    'the number of dimensions is wrong',
    { image: { ...image, dims: [2, 6] }, rate },
    'sample 7 does not fit input "image": expected 4 dimensions [batch, 1, ?, 2], got 2 [2, 6]',
  ],
  [
    'a fixed dimension is wrong',
    { image: { ...image, dims: [2, 3, 1, 2] }, rate },
    'sample 7 does not fit input "image": dimension 1: expected 1, got 3 (expected [batch, 1, ?, 2], got [2, 3, 1, 2])',
  ],
  [
    'a dynamic dimension is not a whole number',
    { image: { ...image, dims: [1.5, 1, 4, 2] }, rate },
    'sample 7 does not fit input "image": dimension 0: expected a whole number, got 1.5 (expected [batch, 1, ?, 2], got [1.5, 1, 4, 2])',
  ],
  [
    'the element type is wrong',
    { image: { ...image, type: 'float64', data: new Float64Array(12) }, rate },
    'sample 7 does not fit input "image": expected elements of type FLOAT (1), got DOUBLE (11)',
  ],
  [
    'the data do not fill the dims',
    { image: { ...image, data: new Float32Array(11) }, rate },
    'sample 7 does not fit input "image": dims [2, 1, 3, 2] take 12 elements, got 11',
  ],
  [
    'the data are held in another array than their type says',
    { image: { ...image, data: new Float64Array(12) }, rate },
    'sample 7 does not fit input "image": float32 elements are held in a Float32Array, got a Float64Array',
  ],
]

describe('checkFeeds', () => {
  it('takes any size where a dimension is dynamic', () => {
    expect(() => checkFeeds(inputs, { rate, image }, 'sample 7')).not.toThrow()
    expect(() =>
      checkFeeds(inputs, { rate, image: { ...image, data: new Float32Array(0), dims: [0, 1, 9, 2] } }, 'sample 7'),
    ).not.toThrow()
  })

  it.each(bad)('fails when %s', (_, feeds, message) => {
    expect(() => checkFeeds(inputs, feeds, 'sample 7')).toThrow(expect.objectContaining({ code: 'DATA', message }))
  })
})
