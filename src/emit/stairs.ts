// Which x of a chip's step reaches which y: the stairs that a line must pass. rshift takes halves away from zero.

import type { ScaleFix } from '../fixedpoint/types.js'
import type { Reach } from '../fixedpoint/weights.js'
import { findLine, type Line, staircase } from './line.js'

/** y = clip(rshift(round((a0 + centre) * factor + addend), rest)), one line a channel. */
export interface Linear {
  readonly lines: readonly Line[]
  readonly rest: number
  /** y is the same whether a0 is clipped to the intermediate sum's width or not: it lies at its bounds before a0 does. */
  readonly anyWidth: boolean
}

/** More stairs than 8-bit outputs have are not looked for: float32 is too coarse for them. */
const MOST_STAIRS = 2 ** 8
/** Integers a0 that float32 holds with bits to spare; of farther ones there are no lines. */
export const LARGEST_X = 2 ** 16
/** Of sums that are rounded again in float32 (see requantize). */
const LARGEST_A1 = 2 ** 22

/**
 * The second step of scaleFix: from a0 to y at once or, where the two roundings leave no line that serves negative and positive y, from a0 to
 * a1. Undefined where a channel has no line.
 *
 * @param reaches between what each channel's a0 would lie before its clip
 * @param limit what clips it: to [-limit, limit - 1]
 */
export function linesOf(reaches: readonly Reach[], fix: ScaleFix, limit: number): Linear | undefined {
  const known = knownLines.get(fix)
  if (known !== undefined && sameReaches(known.reaches, reaches)) return known.linear
  const linear = searchedLines(reaches, fix, limit)
  knownLines.set(fix, { reaches, linear })
  return linear
}

/** Of steps that several models are written with: the one that is measured, the one that is saved and the one with all layers. */
const knownLines = new WeakMap<ScaleFix, { readonly reaches: readonly Reach[]; readonly linear: Linear | undefined }>()

function sameReaches(known: readonly Reach[], others: readonly Reach[]): boolean {
  return known.every(({ up, down }, c) => up === others[c]!.up && down === others[c]!.down)
}

function searchedLines(reaches: readonly Reach[], fix: ScaleFix, limit: number): Linear | undefined {
  const clipped = reaches.map(({ up, down }) => ({ up: Math.min(up, limit - 1), down: Math.max(down, -limit) }))
  if (fix.high - fix.low >= MOST_STAIRS || clipped.some((reach) => farthestOf(reach) > LARGEST_X)) return undefined
  const found = atOnce(clipped, fix) ?? inTwo(clipped, fix)
  return found && { ...found, anyWidth: reaches.every((reach, c) => spans(reach, clipped[c]!, c, fix)) }
}

/** Whether y has reached its bounds where a0 is clipped. */
function spans(reach: Reach, clipped: Reach, channel: number, fix: ScaleFix): boolean {
  const [second, last] = beginnings(Float64Array.of(fix.low + 1, fix.high), channel, fix)
  return (reach.up === clipped.up || last! <= clipped.up) && (reach.down === clipped.down || second! > clipped.down)
}

type Lines = Omit<Linear, 'anyWidth'>

function atOnce(reaches: readonly Reach[], fix: ScaleFix): Lines | undefined {
  const lines = everyLine(fix, 2 ** -(fix.q1 + fix.q2), reaches, (y) => y)
  return lines && { lines, rest: 0 }
}

function inTwo(reaches: readonly Reach[], fix: ScaleFix): Lines | undefined {
  const whole = 2 ** fix.q2
  const lines = everyLine(fix, 2 ** -fix.q1, reaches, (y) => leastReaching(y, whole))
  const farthest = lines?.reduce(
    (most, { centre, factor, addend }, c) =>
      Math.max(most, (farthestOf(reaches[c]!) + Math.abs(centre)) * factor + Math.abs(addend)),
    0,
  )
  return lines && farthest! < LARGEST_A1 ? { lines, rest: fix.q2 } : undefined
}

const farthestOf = ({ up, down }: Reach) => Math.max(up, -down)

/** @param reached the value that a line must reach for each y */
function everyLine(
  fix: ScaleFix,
  unit: number,
  reaches: readonly Reach[],
  reached: (y: number) => number,
): Line[] | undefined {
  const above = Float64Array.from({ length: fix.high - fix.low }, (_, i) => fix.low + 1 + i)
  const between = above.map((y) => reached(y) - 1 / 2)
  const lines: Line[] = []
  for (const [c, multiplier] of fix.scaleInt16.entries()) {
    if (multiplier <= 0) return undefined
    const stairs = { from: beginnings(above, c, fix), between }
    const line = findLine(staircase(stairs, reaches[c]!.down, reaches[c]!.up), multiplier * unit)
    if (line === undefined) return undefined
    lines.push(line)
  }
  return lines
}

/** Of each y, the least a0 of a channel that reaches it. */
function beginnings(above: Float64Array, channel: number, { q1, q2, scaleInt16, biasInt16 }: ScaleFix): Float64Array {
  const [first, second, multiplier, bias] = [2 ** q1, 2 ** q2, scaleInt16[channel]!, biasInt16[channel]!]
  const from = new Float64Array(above.length)
  for (let i = 0; i < above.length; i++) {
    from[i] = Math.ceil(leastReaching(leastReaching(above[i]!, second) - bias, first) / multiplier)
  }
  return from
}

/** Of y, the least integer x with rshift(x, shift) >= y, where `whole` is 2^shift. */
function leastReaching(y: number, whole: number): number {
  return Math.ceil((y - 1 / 2) * whole + (y > 0 ? 0 : 1 / 2))
}
