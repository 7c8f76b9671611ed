// Trials compare values. Many megabytes of them would be a good part of the time that a run takes to start, and show no more than few do.

/** The smallest of the items, as many as have `most` values together; one at least. */
export function smallest<T>(items: Iterable<T>, valuesOf: (item: T) => number, most: number): T[] {
  const sorted = [...items].sort((a, b) => valuesOf(a) - valuesOf(b))
  let sum = 0
  return sorted.filter((item, i) => {
    sum += valuesOf(item)
    return sum <= most || i === 0
  })
}
