// The covariance of what an operator reads, from Gram matrices: how errors of weights add up.

import type { Gram } from './statistics.js'

/** Added to each variance, as a share of their mean: the covariance of samples is not that of all data, and large steps end the search early. */
const DAMPING = 0.3

export interface Covariance {
  /** [size, size], symmetric. */
  readonly values: Float64Array
  /** What is added to each variance where integers are chosen by it. */
  readonly damping: number
}

/** The covariance of the values of a block over all that some Gram matrices hold. */
export function covarianceOf(
  grams: readonly Gram[],
  { mean, products: at, size }: { readonly mean: number; readonly products: number; readonly size: number },
): Covariance {
  const values = new Float64Array(size * size)
  const total = (of: (gram: Gram) => number) => grams.reduce((sum, gram) => sum + of(gram), 0)
  const count = total((gram) => gram.count)
  const means = Float64Array.from({ length: size }, (_, k) => total(({ codes }) => codes[mean + k]!) / count)
  let trace = 0
  for (let k = 0; k < size; k++) {
    for (let j = 0; j <= k; j++) {
      const index = at + k * size + j
      let sum = 0
      for (const { products } of grams) sum += products[index]!
      const value = sum / count - means[k]! * means[j]!
      values[k * size + j] = value
      values[j * size + k] = value
    }
    trace += values[k * size + k]!
  }
  return { values, damping: (DAMPING * trace) / size }
}

/** Rows that are multiplied with a covariance at a time: four sums that do not wait for one another. */
export const TOGETHER = 4

/** C d of at most TOGETHER rows d. */
export function productsOfRows(covariance: Float64Array, rows: readonly Float64Array[]): Float64Array[] {
  const size = rows[0]!.length
  const results = Array.from({ length: TOGETHER }, () => new Float64Array(size))
  const [a, b, c, d] = Array.from({ length: TOGETHER }, (_, r) => rows[r] ?? rows[0]!) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  for (let k = 0; k < size; k++) {
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0]
    const row = k * size
    for (let j = 0; j < size; j++) {
      const value = covariance[row + j]!
      sumA += value * a[j]!
      sumB += value * b[j]!
      sumC += value * c[j]!
      sumD += value * d[j]!
    }
    results[0]![k] = sumA
    results[1]![k] = sumB
    results[2]![k] = sumC
    results[3]![k] = sumD
  }
  return results
}
