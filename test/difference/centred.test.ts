import { describe, expect, it } from 'vitest'
import { centred } from '../../src/difference/centred.js'

describe('Scores less their mean', () => {
  const values = [1, 2, 3, 5, 8, 13, -1, 0, 4, 4, 4, 16]

  it('have one mean for each index of the other axes', () => {
    // [2, 3, 2] along the second axis: 1, 3, 8 and 2, 5, 13 and -1, 4, 4 and 0, 4, 16.
    const found = centred(values, [2, 3, 2], [1, 2])
    const means = [4, 20 / 3, 7 / 3, 20 / 3]
    const expected = values.map((value, i) => value - means[2 * Math.floor(i / 6) + (i % 2)]!)
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 12)
  })

  it('have one mean over all axes from one on, as a Softmax before opset 13 takes them', () => {
    const found = centred(values, [2, 3, 2], [1, 3])
    const means = [32 / 6, 27 / 6]
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(values[i]! - means[Math.floor(i / 6)]!, 12)
  })
})
