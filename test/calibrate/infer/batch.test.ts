import { describe, expect, test } from 'vitest'
import { joinBatches, splitBatch } from '../../../src/calibrate/infer/batch.js'

const dynamic = [{ name: 'x', dataType: 1, dims: ['n', 2] }]
const fixed = [{ name: 'x', dataType: 1, dims: [3, 2] }]
const x = { type: 'float32' as const, dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }

describe('batches', () => {
  test('a batch for a dynamic model is split into single samples', () => {
    const parts = splitBatch({ x }, dynamic)
    expect(parts.map((part) => [...part.x!.data])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    expect(parts[0]!.x!.dims).toEqual([1, 2])
  })

  test('a batch for a model that fixes it goes in whole', () => {
    expect(splitBatch({ x }, fixed)).toEqual([{ x }])
  })

  test('inputs that do not share their first dimension are not split', () => {
    const y = { type: 'float32' as const, dims: [2], data: Float32Array.of(1, 2) }
    const inputs = [...dynamic, { name: 'y', dataType: 1, dims: ['m'] }]
    expect(splitBatch({ x, y }, inputs)).toHaveLength(1)
  })

  test('a batch without samples is refused', () => {
    const empty = { type: 'float32' as const, dims: [0, 2], data: new Float32Array(0) }
    expect(() => splitBatch({ x: empty }, dynamic)).toThrow('a batch of 0 samples')
  })

  test('joining undoes splitting', () => {
    expect(joinBatches(splitBatch({ x }, dynamic))).toEqual({ x })
  })

  test('outputs whose other dims differ between samples are refused, and named', () => {
    const a = { type: 'float32' as const, dims: [1, 2], data: new Float32Array(2) }
    const b = { type: 'float32' as const, dims: [1, 3], data: new Float32Array(3) }
    expect(() => joinBatches([{ out: a }, { out: b }])).toThrow('output "out" has dims [1,2], [1,3]')
  })
})
