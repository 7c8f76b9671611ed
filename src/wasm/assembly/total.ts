// What AssemblyScript modules share.

/** The sum of a vector's four 32-bit integers. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function total(sums: v128): i32 {
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  )
}
