// How a range that is not symmetric is held: which constant its values are held less, and with which scale.

import { clip } from '../fixedpoint/rounding.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { Histogram } from '../histogram/types.js'
import { toldApart } from '../plan/toldApart.js'
import { type Group, isInside } from './groups.js'

export interface Offset {
  /** float32. */
  readonly offset: number
  /** float32. */
  readonly scale: number
}

/** The values of a group that are worth codes, low <= 0 <= high, and what a symmetric range is without an offset. */
export interface Range {
  readonly low: number
  readonly high: number
  readonly threshold: number
  readonly bits: number
}

/** The lower end of a range leaves room for values lower than all that calibration saw, as the lower half of a symmetric range does. */
const HEADROOM = 1.25

/** @param threshold of the symmetric range: for values of one sign solved for 255 codes */
export function valuesOf(
  { readers, scaleGroups }: Group,
  histograms: readonly Histogram[],
  threshold: number,
  outputScale: (tensor: string) => number,
): Range {
  const own = new Set(scaleGroups.flatMap(({ tensors }) => tensors))
  const [min, max] = [Math.min(...histograms.map((one) => one.min)), Math.max(...histograms.map((one) => one.max))]
  const told = toldApart(
    readers.filter((reader) => !isInside(reader, own)),
    outputScale,
  )
  const low = Math.min(0, Math.max(-threshold, min * HEADROOM, told.low))
  const high = Math.max(0, Math.min(threshold, max, told.high))
  return { low, high, threshold, bits: scaleGroups[0]!.bits }
}

/** With less to gain, a range is left symmetric. */
const LEAST_GAIN = 1.1

/** The finest: undefined where the symmetric range is hardly wider than what the readers can tell apart. */
export function finestOffset({ low, high, threshold, bits }: Range): Offset | undefined {
  if (!(high > low) || (2 * threshold) / (high - low) < LEAST_GAIN) return undefined
  const [least, most] = rangeOf(bits)
  // Rounded up, so that the least code is no larger than low: beyond it lie the values that readers do not tell apart, often most of all. A step of
  // the range is for that, where low is not zero itself.
  const steps = most - least - (low < 0 ? 1 : 0)
  const scale = Math.fround((high - low) / steps)
  const zero = clip(Math.ceil(least - low / scale), least, most)
  return { scale, offset: Math.fround(-zero * scale) }
}

/**
 * With an offset that is given.
 * @param zeroHasCode whether the offset must be a whole number of steps, as padding with zeros asks for
 * @param avoidsHalves whether steps are coarser by a sixty-fourth than they could be: at the step of what it averages the mean of four integers is a half
 * every fourth time, and the chip rounds the halves of integers that are mostly negative down, an eighth of a step on average
 * @returns undefined where zero has no code
 */
export function offsetAt(
  { low, high, bits }: Range,
  offset: number,
  zeroHasCode: boolean,
  avoidsHalves = false,
): Offset | undefined {
  const [least, most] = rangeOf(bits)
  const finest = Math.max((low - offset) / least, (high - offset) / most)
  if (!zeroHasCode) return { offset: Math.fround(offset), scale: Math.fround(finest) }
  const possible = Math.floor(Math.abs(offset) / finest)
  const steps = avoidsHalves ? possible - Math.floor(possible / 64) : possible
  return steps === 0 ? undefined : { offset: Math.fround(offset), scale: Math.fround(Math.abs(offset) / steps) }
}

/** The width of a step without an offset. */
export function symmetricStep({ threshold, bits }: Range): number {
  return threshold / rangeOf(bits)[1]
}
