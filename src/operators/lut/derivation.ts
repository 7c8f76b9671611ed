// Of which functions the output's histogram follows from the input's. A table computes the outputs from 256 codes anyway, and the histogram
// of the argument is 16 times as fine as those.

const STEEPEST = 2

/** 0 and +-2^(j/4) from 2^-12 to 2^20: beyond that no calibration set goes, and between them functions in use are smooth. */
const grid: readonly number[] = (() => {
  const positive = Array.from({ length: 129 }, (_, i) => 2 ** (i / 4 - 12))
  return [...positive.map((x) => -x).reverse(), 0, ...positive]
})()

/** Finite everywhere and nowhere steep, so that half a bin of x is no more than a bin of y. exp, reciprocals and powers are not. */
export function isAtMostTwiceAsSteep(f: (x: number) => number): boolean {
  const values = grid.map(f)
  return values.every((y, i) => {
    if (!Number.isFinite(y)) return false
    return i === 0 || Math.abs(y - values[i - 1]!) <= STEEPEST * (grid[i]! - grid[i - 1]!)
  })
}
