// The slow, obvious counterparts of the solvers: from the values, or by the definition.

import type { Magnitudes } from '../../src/solve/types.js'

export function maxMagnitude(values: Float32Array): number {
  return values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
}

/** Width of the bins of a histogram with 4096 a sign that just holds the values. */
export function widthOfBins(values: Float32Array): number {
  const most = maxMagnitude(values)
  let power = 2 ** -149
  while (power <= most) power *= 2
  return power / 4096
}

/** The smallest bin edge with at least `keep` values below it, or the maximum. */
export function percentileByDefinition(values: Float32Array, keep: number): number {
  const width = widthOfBins(values)
  const most = maxMagnitude(values)
  if (values.filter((x) => x === 0).length >= keep) return most
  for (let bin = 1; ; bin++) {
    if (values.filter((x) => Math.abs(x) < bin * width).length >= keep) return Math.min(bin * width, most)
  }
}

/** Squared error of quantizing x to integers in [-qmax - 1, qmax] with scale threshold / qmax. */
function squaredError(x: number, threshold: number, qmax: number): number {
  const scale = threshold / qmax
  const integer = Math.sign(x) * Math.round(Math.abs(x) / scale)
  return (x - scale * Math.min(Math.max(integer, -qmax - 1), qmax)) ** 2
}

export function meanSquaredError(values: Float32Array, threshold: number, qmax: number): number {
  return values.reduce((sum, x) => sum + squaredError(x, threshold, qmax), 0) / values.length
}

/** The error integrated numerically, `points` to a bin; exact zeros cost nothing. */
export function integratedError(tensor: Magnitudes, threshold: number, qmax: number, points: number): number {
  const { counts, negative, zeros, absmax } = tensor
  let sum = 0
  counts.forEach((count, bin) => {
    const width = Math.min(absmax - bin, 1)
    const below = negative[bin]!
    const above = count - below - (bin === 0 ? zeros : 0)
    for (let i = 0; i < points; i++) {
      const x = bin + (width * (i + 0.5)) / points
      sum += above * squaredError(x, threshold, qmax) + below * squaredError(-x, threshold, qmax)
    }
  })
  return sum / points
}

/** D(P || Q) as Migacz writes it. */
export function divergenceByDefinition(bins: Float64Array, numKept: number, numCodes: number): number {
  const reference = bins.slice(0, numKept)
  for (const outlier of bins.subarray(numKept)) reference[numKept - 1]! += outlier

  const groupOf = (bin: number) => Math.floor((bin * numCodes) / numKept)
  const groupMass = new Float64Array(numCodes)
  const groupFilled = new Float64Array(numCodes)
  for (let bin = 0; bin < numKept; bin++) {
    groupMass[groupOf(bin)]! += bins[bin]!
    if (bins[bin]! > 0) groupFilled[groupOf(bin)]! += 1
  }
  const quantized = bins.slice(0, numKept)
  for (let bin = 0; bin < numKept; bin++) {
    const group = groupOf(bin)
    if (bins[bin]! > 0) quantized[bin] = groupMass[group]! / groupFilled[group]!
  }

  const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0)
  const [allReference, allQuantized] = [total(reference), total(quantized)]
  let divergence = 0
  for (let bin = 0; bin < numKept; bin++) {
    const p = reference[bin]! / allReference
    const q = quantized[bin]! / allQuantized
    if (p > 0) divergence += q > 0 ? p * Math.log(p / q) : Number.POSITIVE_INFINITY
  }
  return divergence
}
