// Equality of whole histograms, fast enough for thousands of them in a property test.

import { expect } from 'vitest'
import type { Histogram } from '../../src/histogram/types.js'

/** Expects every field and every count to be equal; says which bins are not. */
export function expectSame(actual: Histogram, expected: Histogram): void {
  expect({ ...actual, counts: unequalBins(actual, expected) }).toEqual({ ...expected, counts: [] })
}

function unequalBins(actual: Histogram, expected: Histogram): string[] {
  const unequal: string[] = []
  for (let bin = 0; bin < expected.counts.length; bin++) {
    if (actual.counts[bin] !== expected.counts[bin]) {
      unequal.push(`bin ${bin}: ${actual.counts[bin]}, expected ${expected.counts[bin]}`)
    }
  }
  return unequal
}
