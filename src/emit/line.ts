// Steps of integers as one multiply-add in float32.
//
// Where y never falls as the integer x grows, y is a staircase: it reaches each value from some x on. round(x * factor + addend) is the same
// staircase if the line lies above y - 1/2 at the first x of every stair and below it at the last x before. No other x needs a look, as
// rounded products and sums never fall either.
//
// A runtime may round product and sum, or fuse them and round once. `passes` checks every point for both.

/** The points that a line must pass above, or below: as many bounds as x. */
interface Points {
  readonly x: Float64Array
  readonly bound: Float64Array
}

/** Halves of integers are bounds: a line may pass none of them exactly. */
export interface Staircase {
  readonly over: Points
  readonly under: Points
}

/** round((x + centre) * factor + addend): an integer and two float32. */
export interface Line {
  readonly centre: number
  readonly factor: number
  readonly addend: number
}

/** Where each stair begins, and the value between the stair before and this one, in ascending order. */
export interface Stairs {
  readonly from: Float64Array
  readonly between: Float64Array
}

/** Slopes to try on both sides of the best one, in units of float32's last place. */
const NEAR_SLOPES = [0, 1, -1, 2, -2, 3, -3]
/** Addends to try, as parts of the way from the least to the greatest. */
const ADDENDS = [1 / 2, 3 / 8, 5 / 8, 1 / 4, 3 / 4, 1 / 8, 7 / 8]
const HALVINGS = 40
/** Integers x may be as large, and float32 holds their sum with bits to spare. */
const LARGEST_CENTRE = 2 ** 16

/** What stairs ask of a line between two integers x. */
export function staircase({ from, between }: Stairs, first: number, last: number): Staircase {
  const begun = countUpTo(from, last)
  const passed = countUpTo(from, first)
  // The first stair beyond `last` is not reached there.
  const end = Math.min(begun + 1, from.length)
  const over = from.slice(0, begun).fill(first, 0, passed)
  const under = from.slice(passed, end)
  for (let i = 0; i < under.length; i++) under[i] = Math.min(under[i]! - 1, last)
  return {
    over: { x: over, bound: between.subarray(0, begun) },
    under: { x: under, bound: between.subarray(passed, end) },
  }
}

/** How many of ascending numbers are not more than `limit`. */
function countUpTo(numbers: Float64Array, limit: number): number {
  let count = 0
  while (count < numbers.length && numbers[count]! <= limit) count++
  return count
}

/**
 * A line through the staircase with about this slope, which is positive; undefined where none was found. Where x is moved by a centre, products
 * are small at the stairs, and rounded less: that is tried last, as moving x may take a node of its own.
 */
export function findLine(stairs: Staircase, slope: number): Line | undefined {
  return uncentred(stairs, slope) ?? centred(stairs, slope)
}

type Uncentred = Omit<Line, 'centre'>

function uncentred(stairs: Staircase, slope: number): Line | undefined {
  const line = lineNear(stairs, slope, [0]) ?? lineNear(stairs, bestSlope(stairs, slope), NEAR_SLOPES)
  return line && { ...line, centre: 0 }
}

function centred(stairs: Staircase, slope: number): Line | undefined {
  const best = bestSlope(stairs, slope)
  const { least, greatest } = addends(stairs, best)
  const centre = Math.round((least + greatest) / 2 / best)
  if (centre === 0 || Math.abs(centre) > LARGEST_CENTRE) return undefined
  const line = lineNear(moved(stairs, centre), best, NEAR_SLOPES)
  return line && { ...line, centre }
}

function moved({ over, under }: Staircase, by: number): Staircase {
  const move = ({ x, bound }: Points): Points => ({ x: x.map((one) => one + by), bound })
  return { over: move(over), under: move(under) }
}

function lineNear(stairs: Staircase, slope: number, near: readonly number[]): Uncentred | undefined {
  const unit = 2 ** (Math.floor(Math.log2(slope)) - 23)
  for (const units of near) {
    const factor = Math.fround(slope + units * unit)
    const { least, greatest } = addends(stairs, factor)
    if (least > greatest) continue
    for (const part of ADDENDS) {
      const line = { factor, addend: Math.fround(least + (greatest - least) * part) }
      if (passes(stairs, line)) return line
    }
  }
  return undefined
}

/** The slope that leaves the addend most room. The room is a concave function of the slope, which rises while `rises`. */
function bestSlope(stairs: Staircase, near: number): number {
  let [low, high] = [near / 2, near * 2]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (addends(stairs, middle).rises) low = middle
    else high = middle
  }
  return low
}

/** The addends that pass every point, in exact arithmetic. */
function addends({ over, under }: Staircase, factor: number) {
  let [least, leastAt] = [-1, 0]
  for (let i = 0; i < over.x.length; i++) {
    const addend = over.bound[i]! - factor * over.x[i]!
    if (i === 0 || addend > least) [least, leastAt] = [addend, over.x[i]!]
  }
  let [greatest, greatestAt] = over.x.length === 0 ? [1, 0] : [least + 1, leastAt]
  for (let i = 0; i < under.x.length; i++) {
    const addend = under.bound[i]! - factor * under.x[i]!
    if (i === 0 || addend < greatest) [greatest, greatestAt] = [addend, under.x[i]!]
  }
  if (over.x.length === 0) [least, leastAt] = [greatest - 1, greatestAt]
  return { least, greatest, rises: leastAt > greatestAt }
}

function passes({ over, under }: Staircase, line: Uncentred): boolean {
  return areBeyond(line, over, 1) && areBeyond(line, under, -1)
}

function areBeyond(line: Uncentred, { x, bound }: Points, side: 1 | -1): boolean {
  for (let i = 0; i < x.length; i++) if (!isBeyond(line, x[i]!, bound[i]!, side)) return false
  return true
}

/** Whether the line, rounded to float32 in either way, lies on this side of the bound. The product of 24 and 18 bits is exact in float64. */
function isBeyond({ factor, addend }: Uncentred, x: number, bound: number, side: 1 | -1): boolean {
  const product = factor * x
  const rounded = Math.fround(Math.fround(product) + addend)
  const fused = product + addend
  return (rounded - bound) * side > 0 && (fused - bound) * side > halfUnit(bound)
}

/** Half a unit in the last place of the float32 `bound`, half of an odd integer below 2^30, and a bit more, for the rounding of float64. */
const halfUnit = (bound: number) => HALF_UNITS[31 - Math.clz32(2 * Math.abs(bound))]!

/** By the exponent of twice the bound. */
const HALF_UNITS = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 25) * (1 + 2 ** -20))
