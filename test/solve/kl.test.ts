import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { divergenceOf, leastDivergence } from '../../src/solve/divergence.js'
import { pairBins } from '../../src/solve/kl.js'
import { magnitudesOf } from '../../src/solve/magnitudes.js'
import { solveThreshold } from '../../src/solve/threshold.js'
import { divergenceByDefinition, maxMagnitude, widthOfBins } from './reference.js'
import { histogramOf, tensors } from './samples.js'

const bins = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 })), {
    minLength: 10,
    maxLength: 60,
  })
  .map((counts) => Float64Array.from([...counts, 1]))
const numLevelsOf = fc.integer({ min: 2, max: 9 })

describe('the search for the least divergence', () => {
  test('knows every candidate by its definition', () => {
    fc.assert(
      fc.property(bins, numLevelsOf, (counts, numCodes) => {
        const divergence = divergenceOf(counts, numCodes)
        for (let numKept = numCodes; numKept <= counts.length; numKept++) {
          const expected = divergenceByDefinition(counts, numKept, numCodes)
          const found = divergence(numKept, Number.POSITIVE_INFINITY)
          if (Number.isFinite(expected)) expect(found).toBeCloseTo(expected, 10)
          else expect(found).toBe(Number.POSITIVE_INFINITY)
        }
      }),
    )
  })

  test('finds the least of all, and of equal ones the first or the last', () => {
    const preference = fc.constantFrom('fewest' as const, 'most' as const)
    fc.assert(
      fc.property(bins, numLevelsOf, preference, (counts, numCodes, ties) => {
        const all = Array.from({ length: counts.length - numCodes + 1 }, (_, i) =>
          divergenceByDefinition(counts, numCodes + i, numCodes),
        )
        const least = Math.min(...all.filter((d) => !Number.isNaN(d)))
        const equal = all.flatMap((d, i) => (d <= least + 1e-12 ? [numCodes + i] : []))
        expect(leastDivergence(counts, { numCodes, ties })).toBe(ties === 'fewest' ? equal[0] : equal.at(-1))
      }),
    )
  })

  test('loses nothing by giving up early on a full-sized histogram', () => {
    const { bins: counts } = pairBins(magnitudesOf(histogramOf(tensors['a Laplace distribution']!))!.counts)
    const divergence = divergenceOf(counts, 128)
    const best = leastDivergence(counts, { numCodes: 128, ties: 'most' })
    const least = divergence(best, Number.POSITIVE_INFINITY)
    for (let numKept = 128; numKept <= counts.length; numKept++) {
      expect(divergence(numKept, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(least - 1e-12)
    }
  })
})

describe('kl', () => {
  test('pairs the bins down to 2048 at most, and loses none of the counts', () => {
    for (const numBins of [100, 2048, 2049, 3001, 4096]) {
      const counts = Float64Array.from({ length: numBins }, (_, bin) => bin + 1)
      const paired = pairBins(counts)
      expect(paired.bins.length).toBe(Math.ceil(numBins / paired.scale))
      expect(paired.bins.length).toBeLessThanOrEqual(2048)
      expect(paired.bins.reduce((a, b) => a + b, 0)).toBe((numBins * (numBins + 1)) / 2)
    }
  })

  test.each(['a Relu of it', 'a Laplace distribution', 'a spike near zero'])(
    'is where the definition has its least divergence, the first bin replaced by the second, on %s',
    (name) => {
      const values = tensors[name]!.slice(0, 300)
      const width = 2 * widthOfBins(values)
      const most = maxMagnitude(values)
      const counts = new Float64Array(Math.floor(most / width) + 1)
      for (const x of values) counts[Math.floor(Math.abs(x) / width)]! += 1
      counts[0] = counts[1]!
      let best = { numKept: 0, divergence: Number.POSITIVE_INFINITY }
      for (let numKept = 128; numKept <= counts.length; numKept++) {
        if (numKept < counts.length && counts[numKept - 1] === 0) continue
        const divergence = divergenceByDefinition(counts, numKept, 128)
        if (divergence < best.divergence - 1e-12) best = { numKept, divergence }
      }
      const threshold = solveThreshold(histogramOf(values), 'kl', { percent: 1, qmax: 127 })
      expect(threshold).toBe(Math.min(best.numKept * width, most))
    },
  )

  test.each(Object.entries(tensors))('has nothing to gain by clipping %s with more qmax than bins', (_, values) => {
    for (const mode of ['kl', 'kl_v2'] as const) {
      expect(solveThreshold(histogramOf(values), mode, { percent: 1, qmax: 32767 })).toBe(maxMagnitude(values))
    }
  })
})
