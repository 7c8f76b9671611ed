// Which x of a chip's step reaches which y: the stairs that a line must pass. rshift takes halves away from zero.

import type { ScaleFix } from '../fixedpoint/types.js'
import { findLine, type Line, staircase } from './line.js'

/** y = clip(rshift(round(a0 * factor + addend), rest)), one line a channel. */
export interface Linear {
  readonly lines: readonly Line[]
  readonly rest: number
}

/** More stairs than 8-bit outputs have are not looked for: float32 is too coarse for them. */
const MOST_STAIRS = 2 ** 8
/** Integers a0 that float32 holds with bits to spare. */
const LARGEST_X = 2 ** 16
/** Of sums that are rounded again in float32 (see requantize). */
const LARGEST_A1 = 2 ** 22

/**
 * The second step of scaleFix, for a0 that lie within a bound for each channel: from a0 to y at once or, where the two roundings leave no line
 * that serves negative and positive y, from a0 to a1. Undefined where a channel has no line.
 */
export function linesOf(bounds: readonly number[], fix: ScaleFix): Linear | undefined {
  const known = knownLines.get(fix)
  if (known !== undefined && String(known.bounds) === String(bounds)) return known.linear
  const linear = searchedLines(bounds, fix)
  knownLines.set(fix, { bounds, linear })
  return linear
}

/** Of steps that several models are written with: the one that is measured, the one that is saved and the one with all layers. */
const knownLines = new WeakMap<ScaleFix, { readonly bounds: readonly number[]; readonly linear: Linear | undefined }>()

function searchedLines(bounds: readonly number[], fix: ScaleFix): Linear | undefined {
  if (fix.high - fix.low >= MOST_STAIRS || bounds.some((bound) => bound > LARGEST_X)) return undefined
  return atOnce(bounds, fix) ?? inTwo(bounds, fix)
}

function atOnce(bounds: readonly number[], fix: ScaleFix): Linear | undefined {
  const lines = everyLine(fix, 2 ** -(fix.q1 + fix.q2), bounds, (y) => y)
  return lines && { lines, rest: 0 }
}

function inTwo(bounds: readonly number[], fix: ScaleFix): Linear | undefined {
  const lines = everyLine(fix, 2 ** -fix.q1, bounds, leastReaching(fix.q2))
  const farthest = lines?.reduce(
    (most, { factor, addend }, c) => Math.max(most, bounds[c]! * factor + Math.abs(addend)),
    0,
  )
  return lines && farthest! < LARGEST_A1 ? { lines, rest: fix.q2 } : undefined
}

/** @param reached the value that a line must reach for each y */
function everyLine(
  fix: ScaleFix,
  unit: number,
  bounds: readonly number[],
  reached: (y: number) => number,
): Line[] | undefined {
  const above = Array.from({ length: fix.high - fix.low }, (_, i) => fix.low + 1 + i)
  const [sums, between] = [above.map(leastReaching(fix.q2)), above.map((y) => reached(y) - 1 / 2)]
  const product = leastReaching(fix.q1)
  const lines: Line[] = []
  for (const [c, multiplier] of fix.scaleInt16.entries()) {
    if (multiplier <= 0) return undefined
    const bias = fix.biasInt16[c]!
    const from = sums.map((sum) => Math.ceil(product(sum - bias) / multiplier))
    const line = findLine(staircase({ from, between }, -bounds[c]!, bounds[c]!), multiplier * unit)
    if (line === undefined) return undefined
    lines.push(line)
  }
  return lines
}

/** Of y, the least integer x with rshift(x, shift) >= y. */
function leastReaching(shift: number): (y: number) => number {
  if (shift === 0) return (y) => y
  const [whole, half] = [2 ** shift, 2 ** (shift - 1)]
  return (y) => y * whole - half + (y > 0 ? 0 : 1)
}
