// The chip's rounding, on plain numbers that hold integers: exact for every |x| < 2^53 and every shift in [0, 31].

/** x / 2^shift, rounded to the nearest integer, halves away from zero. Never -0. */
export function rshift(x: number, shift: number): number {
  if (shift === 0) return x
  // Dividing by a power of two is exact, and so is floor(y + 0.5): with |x| < 2^53 and shift <= 31 the sum can only round
  // above 2^22, where less than one half is lost below an integer that floor keeps.
  const magnitude = Math.floor(Math.abs(x) / 2 ** shift + 0.5)
  return x < 0 ? 0 - magnitude : magnitude
}

/** The nearest integer to a real number, halves away from zero. Never -0; NaN stays NaN. */
export function roundHalfAway(x: number): number {
  const magnitude = Math.abs(x)
  const floor = Math.floor(magnitude)
  // Not floor(x + 0.5): that sum rounds up for the largest double below one half.
  const rounded = magnitude - floor >= 0.5 ? floor + 1 : floor
  return x < 0 ? 0 - rounded : rounded
}

/** The nearest integer to a real number; of two that are as near, to within the tolerance, the even one. Never -0; NaN stays NaN. */
export function roundHalfEven(x: number, tolerance: number): number {
  const floor = Math.floor(x)
  const isTie = Math.abs(x - floor - 0.5) <= tolerance
  return floor + ((isTie ? floor % 2 !== 0 : x - floor > 0.5) ? 1 : 0)
}

export function clip(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high)
}
