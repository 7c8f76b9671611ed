// Chooses q0, the shift before the intermediate sum, when channels disagree about it.
//
// A small q0 keeps the sum fine, but a channel whose weights are small next to its neighbours' must then be stretched: its
// weights are held in coarser units until its sum fits. A large q0 needs no stretching and coarsens every channel's sum.

import { type Offence, shiftBelow, shiftOffence } from './multiplier.js'
import type { Arithmetic } from './types.js'
import { rangeOf } from './width.js'

/** One output channel, with its weights at full resolution. */
export interface Channel {
  /** What one unit of its accumulator is worth, in output steps. */
  readonly step: number
  /** What its accumulator can reach: down <= 0 <= up. */
  readonly up: number
  readonly down: number
  /** In output steps. */
  readonly bias: number
  /** Weights that are summed. */
  readonly depth: number
}

/** Bounds of the integer output. */
export interface Bounds {
  readonly low: number
  readonly high: number
}

/** Root mean square that inputs are supposed to have, in integers, when the two errors are weighed against each other: a quarter of the largest. */
const nominalInput = ({ inputBits }: Arithmetic) => 2 ** (inputBits - 3)

/** Room for the rounded weights' reach to differ from the real weights'. */
const MARGIN = 1.01

export interface ShiftChoice {
  readonly q0: number
  /** Every channel's step after stretching. */
  readonly steps: Float64Array
}

/** The choice of least expected squared error; an offence when a multiplier would not fit at any q0. */
export function chooseShift(channels: readonly Channel[], bounds: Bounds, chip: Arithmetic): ShiftChoice | Offence {
  let best: ShiftChoice | undefined
  let leastError = Number.POSITIVE_INFINITY
  let mostRoom = Number.NEGATIVE_INFINITY
  for (let q0 = chip.qRange[0]; q0 <= chip.qRange[1]; q0++) {
    const steps = stretched(q0, channels, bounds, chip)
    const room = multiplierShift(steps, chip) - q0
    const error = expectedError(q0, channels, steps, chip)
    mostRoom = Math.max(mostRoom, room)
    if (room >= 0 && error < leastError) {
      leastError = error
      best = { q0, steps }
    }
  }
  return best ?? shiftOffence('q2', mostRoom, chip)
}

/** The largest q0 + q1 + q2 at which the multipliers of all channels fit their width. */
export function multiplierShift(steps: Float64Array, chip: Arithmetic): number {
  const largest = steps.reduce((most, step) => Math.max(most, step), 0)
  return shiftBelow(largest, rangeOf(chip.multiplierBits)[1], 3 * chip.qRange[1])
}

/** Twelve times the expected squared error of all channels: rounded weights, and the shift by q0, in units of each accumulator. */
function expectedError(q0: number, channels: readonly Channel[], steps: Float64Array, chip: Arithmetic): number {
  const [ofWeight, ofShift] = [nominalInput(chip) ** 2, 4 ** q0]
  let error = 0
  for (let c = 0; c < steps.length; c++) error += steps[c]! ** 2 * (channels[c]!.depth * ofWeight + ofShift - 1)
  return error
}

/** Every channel's step with its weights as coarse as the intermediate sum asks for. */
function stretched(q0: number, channels: readonly Channel[], bounds: Bounds, chip: Arithmetic): Float64Array {
  const [least, most] = rangeOf(chip.convsumBits)
  const sums = { least: least * 2 ** q0, most: most * 2 ** q0 }
  const steps = new Float64Array(channels.length)
  for (let c = 0; c < steps.length; c++) steps[c] = channels[c]!.step * stretchOf(channels[c]!, bounds, sums)
  return steps
}

/**
 * The least factor >= 1 to coarsen a channel's weights by so that clipping its intermediate sum loses nothing: on either
 * side the sum fits, or its clipped value drives the output to its bound.
 * @param sums that the intermediate sum holds once it is shifted
 */
function stretchOf(
  { step, up, down, bias }: Channel,
  { low, high }: Bounds,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  if (step === 0) return 1
  const above = Math.min(up / most, (high + 1 - bias) / (most * step))
  const below = Math.min(down / least, (low - 1 - bias) / (least * step))
  return Math.max(1, above * MARGIN, below * MARGIN)
}
