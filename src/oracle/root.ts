// Roots of integers.

/** The largest integer whose square is not above n < 2^54, by bisection. */
export function squareRoot(n: bigint): number {
  let [low, high] = [0n, 2n ** 27n]
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (middle * middle <= n) low = middle
    else high = middle
  }
  return Number(low)
}
