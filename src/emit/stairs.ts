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
  if (fix.high - fix.low >= MOST_STAIRS || bounds.some((bound) => bound > LARGEST_X)) return undefined
  return atOnce(bounds, fix) ?? inTwo(bounds, fix)
}

function atOnce(bounds: readonly number[], fix: ScaleFix): Linear | undefined {
  const lines = everyLine(fix, 2 ** -(fix.q1 + fix.q2), bounds, (y) => y - 1 / 2)
  return lines && { lines, rest: 0 }
}

function inTwo(bounds: readonly number[], fix: ScaleFix): Linear | undefined {
  const lines = everyLine(fix, 2 ** -fix.q1, bounds, (y) => leastReaching(y, fix.q2) - 1 / 2)
  const farthest = lines?.reduce(
    (most, { factor, addend }, c) => Math.max(most, bounds[c]! * factor + Math.abs(addend)),
    0,
  )
  return lines && farthest! < LARGEST_A1 ? { lines, rest: fix.q2 } : undefined
}

function everyLine(
  fix: ScaleFix,
  unit: number,
  bounds: readonly number[],
  between: (y: number) => number,
): Line[] | undefined {
  const lines: Line[] = []
  for (const [c, multiplier] of fix.scaleInt16.entries()) {
    const stairs = multiplier > 0 ? stairsOf(fix, multiplier, fix.biasInt16[c]!, between) : undefined
    const line = stairs && findLine(staircase(stairs, -bounds[c]!, bounds[c]!), multiplier * unit)
    if (line === undefined) return undefined
    lines.push(line)
  }
  return lines
}

/** The least a0 that reaches each y above the lowest. */
function* stairsOf({ q1, q2, low, high }: ScaleFix, multiplier: number, bias: number, between: (y: number) => number) {
  for (let y = low + 1; y <= high; y++) {
    const product = leastReaching(leastReaching(y, q2) - bias, q1)
    yield { from: Math.ceil(product / multiplier), between: between(y) }
  }
}

/** The least integer x with rshift(x, shift) >= y. */
function leastReaching(y: number, shift: number): number {
  if (shift === 0) return y
  return y * 2 ** shift - 2 ** (shift - 1) + (y > 0 ? 0 : 1)
}
