// Values less their mean: of scores that a Softmax reads, only the differences count.

/** Axes whose values have one mean: from the first up to, and without, the last. */
export type Axes = readonly [from: number, to: number]

/** A tensor less its means over some axes. */
export function centred(values: ArrayLike<number>, dims: readonly number[], [from, to]: Axes): Float64Array {
  const sizeOf = (some: readonly number[]) => some.reduce((product, dim) => product * dim, 1)
  const [length, inner] = [sizeOf(dims.slice(from, to)), sizeOf(dims.slice(to))]
  const result = Float64Array.from(values)
  for (let start = 0; start < result.length; start += length * inner) {
    for (let first = start; first < start + inner; first++) {
      let sum = 0
      for (let k = 0; k < length; k++) sum += result[first + k * inner]!
      for (let k = 0; k < length; k++) result[first + k * inner]! -= sum / length
    }
  }
  return result
}
