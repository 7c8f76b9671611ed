// Real factors as a multiplier of the chip's width and a right shift.

import type { ChipProfile, Requantize } from './types.js'
import { rangeOf } from './width.js'

/** A parameter that leaves its range, in words: the operator cannot run on the chip. */
export interface Offence {
  readonly offence: string
  /** The result's shift that would have to be negative: an output 2^-shift times as coarse would do. */
  readonly shift?: number
}

export function shiftOffence(parameter: string, value: number, { qRange }: Pick<ChipProfile, 'qRange'>): Offence {
  const offence = `${parameter}:${value} must range in [${qRange.join(', ')}] to meet hardware specifications`
  return value < qRange[0] ? { offence, shift: value - qRange[0] } : { offence }
}

/** The largest shift <= most with ceil(value * 2^shift) <= limit; `most` for 0, negative when only a left shift would do. */
export function shiftBelow(value: number, limit: number, most: number): number {
  if (value === 0) return most
  let shift = Math.min(most, Math.floor(Math.log2(limit / value)) + 1)
  while (Math.ceil(value * 2 ** shift) > limit) shift--
  return shift
}

/**
 * The multiplier and shift nearest to a factor: rshift(x * multiplier, shift) is about x * factor.
 * A factor too small for the largest shift gets fewer bits of multiplier, down to 0: its products are then below 2^-16.
 * @param parameter how the shift is called when it would have to be negative
 */
export function requantizeBy(factor: number, parameter: string, chip: ChipProfile): Requantize | Offence {
  const shift = shiftBelow(Math.abs(factor), rangeOf(chip.multiplierBits)[1], chip.qRange[1])
  if (shift < chip.qRange[0]) return shiftOffence(parameter, shift, chip)
  return { multiplier: Math.round(factor * 2 ** shift), shift }
}
