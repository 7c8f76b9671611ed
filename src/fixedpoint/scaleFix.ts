// Solves scaleFix for one accumulating operator: q0, q1, q2, multipliers and biases, and the integer weights to go with them.
//
// One channel computes, for a sum acc of integer products and Q = q0 + q1 + q2,
//     y = acc * s_x * s_w / s_y + b / s_y        s_x * s_w / s_y = scaleInt16 * 2^-Q
// The multiplier is exact: scaleInt16 is chosen first and defines s_w, so only the weights themselves are rounded.
// The intermediate sum a0 is clipped only where no output can tell (`holds`), and so the arithmetic is that of a wide sum.

import { type Offence, shiftBelow, shiftOffence } from './multiplier.js'
import { roundHalfAway, rshift } from './rounding.js'
import { type Bounds, type Channel, chooseShift, multiplierShift } from './shiftChoice.js'
import type { Arithmetic, ScaleFix } from './types.js'
import { emptyRows, factsOf, type Reach, type RowFacts, reachOf, roundRow, type SignedSums, sumsOf } from './weights.js'
import { type IntegerArray, rangeOf } from './width.js'

/** An accumulating operator in real units. */
export interface Accumulation extends Bounds {
  /** float32 weights of each output channel: all channels equally many. */
  readonly rows: readonly Float32Array[]
  /** What is known of each row; absent: they are looked at. */
  readonly facts?: readonly RowFacts[]
  /** One a channel. */
  readonly bias: Float32Array
  readonly inputScale: number
  readonly outputScale: number
  /** Integers the input takes; contains 0, which padding adds. */
  readonly inputRange: readonly [low: number, high: number]
  /** The real input is this much larger, for which `bias` has made up with the real weights: one for all, or one a weight, row by row; absent: 0. */
  readonly inputOffset?: number | Float32Array
  /** Whether most integers of the output are below 0, as after a Relu whose output is held less a constant; absent: no. */
  readonly isMostlyNegative?: boolean
  /** Scales that the weights are whole numbers of, one a channel; absent: the largest weight of a channel is the largest integer. */
  readonly weightScales?: ArrayLike<number>
  /** Integers for each channel's weights, where its scale is this one; absent: the nearest. */
  readonly chosen?: readonly { readonly scale: number; readonly integers: IntegerArray }[]
}

export interface SolvedAccumulation {
  readonly weightBits: number
  readonly scaleFix: ScaleFix
  /** Of the weights, row after row. */
  readonly integers: IntegerArray
  readonly weightScales: Float64Array
  /** In real units: it goes with the rounded weights. */
  readonly bias: Float32Array
  /** Bound of every partial sum in any order. */
  readonly accumulatorBound: number
}

/** How much coarser a channel's weights become when their rounding made the sum reach a little too far. */
const STRETCH = 1.01

export function solveScaleFix(layer: Accumulation, chip: Arithmetic): SolvedAccumulation | Offence {
  const facts = layer.facts ?? layer.rows.map(factsOf)
  const channels = facts.map((row, c) => channelOf(layer, row, c, chip))
  const choice = chooseShift(channels, layer, chip)
  if ('offence' in choice) return choice
  const { q0, steps } = choice
  const rounded = new RoundedLayer(layer, facts, chip)
  for (;;) {
    rounded.round(weightScalesAt(q0, steps, layer, chip))
    const solved = solveAt(q0, steps, layer, rounded, chip)
    if ('offence' in solved) return solved
    const failing = rounded.reaches.flatMap((reach, c) => (holds(solved.scaleFix, reach, c, chip) ? [] : [c]))
    if (failing.length === 0) return solved
    for (const c of failing) steps[c]! *= STRETCH
  }
}

function channelOf(layer: Accumulation, row: RowFacts, c: number, chip: Arithmetic): Channel {
  const scale = layer.weightScales?.[c] ?? row.largest / rangeOf(chip.weightBits)[1]
  const { up, down } = reachOf(row, layer.inputRange)
  return {
    step: (layer.inputScale * scale) / layer.outputScale,
    up: scale === 0 ? 0 : up / scale,
    down: scale === 0 ? 0 : down / scale,
    bias: layer.bias[c]! / layer.outputScale,
    depth: layer.rows[c]!.length,
  }
}

/** The weights as integers. A channel whose scale has not changed since the last round keeps its row: few change after the first. */
class RoundedLayer {
  readonly integers: IntegerArray
  readonly reaches: Reach[] = []
  readonly bias: Float32Array
  readonly #rows: readonly IntegerArray[]
  readonly #scales: number[] = []
  readonly #layer: Accumulation
  readonly #facts: readonly RowFacts[]
  readonly #bits: number

  constructor(layer: Accumulation, facts: readonly RowFacts[], chip: Arithmetic) {
    const { integers, rows } = emptyRows(layer.rows, chip.weightBits)
    this.integers = integers
    this.#rows = rows
    this.#layer = layer
    this.#facts = facts
    this.bias = layer.bias.slice()
    this.#bits = chip.weightBits
  }

  round(weightScales: Float64Array): void {
    for (const [c, row] of this.#layer.rows.entries()) {
      const scale = weightScales[c]!
      if (this.#scales[c] === scale) continue
      this.#scales[c] = scale
      const sums = this.#roundRow(c, row, scale)
      this.reaches[c] = reachOf(sums, this.#layer.inputRange)
      this.bias[c] = this.#layer.bias[c]! + this.#offsetError(c, scale, sums)
    }
  }

  #roundRow(c: number, row: Float32Array, scale: number): SignedSums {
    const rounded = this.#rows[c]!
    const chosen = this.#layer.chosen?.[c]
    if (chosen?.scale !== scale) return roundRow(row, scale, this.#bits, rounded)
    rounded.set(chosen.integers)
    return sumsOf(rounded)
  }

  /** What rounding the weights takes from the offset's part of the sum. */
  #offsetError(c: number, scale: number, { positive, negative }: SignedSums): number {
    const { inputOffset, rows } = this.#layer
    if (inputOffset === undefined) return 0
    if (typeof inputOffset === 'number') return inputOffset * ((positive + negative) * scale - this.#facts[c]!.sum)
    const [row, rounded] = [rows[c]!, this.#rows[c]!]
    let error = 0
    for (let i = 0; i < row.length; i++) error += (rounded[i]! * scale - row[i]!) * inputOffset[c * row.length + i]!
    return error
  }
}

/** Bits below the point of all multipliers. Beyond q0 + 31 the whole sum is worth less than an output step: fewer bits lose nothing. */
function totalShift(q0: number, steps: Float64Array, chip: Arithmetic): number {
  return Math.min(multiplierShift(steps, chip), q0 + chip.qRange[1])
}

function multipliersAt(total: number, steps: Float64Array): Int16Array {
  return Int16Array.from(steps, (step) => Math.max(1, Math.ceil(step * 2 ** total)))
}

function weightScalesAt(q0: number, steps: Float64Array, layer: Accumulation, chip: Arithmetic): Float64Array {
  const total = totalShift(q0, steps, chip)
  const unit = layer.outputScale / layer.inputScale
  return Float64Array.from(multipliersAt(total, steps), (multiplier) => multiplier * 2 ** -total * unit)
}

/** Everything that follows from q0 and the channels' steps. */
function solveAt(
  q0: number,
  steps: Float64Array,
  layer: Accumulation,
  { integers, reaches, bias }: RoundedLayer,
  chip: Arithmetic,
): SolvedAccumulation | Offence {
  const total = totalShift(q0, steps, chip)
  if (total < q0) return shiftOffence('q2', total - q0, chip)
  const scaleInt16 = multipliersAt(total, steps)
  const weightScales = weightScalesAt(q0, steps, layer, chip)
  const accumulatorBound = reaches.reduce((most, { up, down }) => Math.max(most, up, -down), 0)
  if (accumulatorBound > rangeOf(chip.accumulatorBits)[1]) {
    return { offence: `its sum can reach ${accumulatorBound}, beyond ${chip.accumulatorBits} bits` }
  }
  const biases = Array.from(bias, (value, c) => {
    const farthest = (sum: number) => rshift(sum, q0) * scaleInt16[c]! * 2 ** (q0 - total)
    return neededBias(value / layer.outputScale, farthest(reaches[c]!.up), farthest(reaches[c]!.down), layer)
  })
  const q2 = Math.min(total - q0, biasShift(biases, chip))
  if (q2 < chip.qRange[0]) return shiftOffence('q2', q2, chip)
  const biasInt16 = Int16Array.from(biases, (bias) => biasInteger(bias * 2 ** q2, layer, chip))
  const scaleFix = { q0, q1: total - q0 - q2, q2, scaleInt16, biasInt16, low: layer.low, high: layer.high }
  return { weightBits: chip.weightBits, scaleFix, integers, weightScales, bias, accumulatorBound }
}

/**
 * The last shift rounds halves away from zero, which takes half a unit of the bias, on average, from every negative output: behind a bias of hundreds of
 * steps, which leaves q2 few bits, that is a 64th of a step, layer after layer. A bias that is rounded up has as much more on average.
 */
function biasInteger(bias: number, { isMostlyNegative }: Accumulation, chip: Arithmetic): number {
  return isMostlyNegative === true ? Math.min(Math.ceil(bias), rangeOf(chip.biasBits)[1]) : roundHalfAway(bias)
}

/**
 * The bias in output steps, brought nearer to zero as far as no output can tell: beyond the point where even the sum's
 * farthest reach leaves y at its bound, more bias changes nothing. 1.5 steps cover the roundings of product, bias and y.
 */
function neededBias(bias: number, up: number, down: number, { low, high }: Bounds): number {
  if (bias < 0) return Math.min(0, Math.max(bias, low - up - 1.5))
  return Math.max(0, Math.min(bias, high - down + 1.5))
}

/** The largest q2 at which every bias fits its width; negative when none does. */
function biasShift(biases: readonly number[], chip: Arithmetic): number {
  const largest = biases.reduce((most, bias) => Math.max(most, Math.abs(bias)), 0)
  return shiftBelow(largest, rangeOf(chip.biasBits)[1], chip.qRange[1])
}

/** Whether clipping a0 can change no output of channel c; exact, on the integers. y does not decrease when a0 grows. */
function holds(fix: ScaleFix, reach: Reach, c: number, chip: Arithmetic): boolean {
  const [least, most] = rangeOf(chip.convsumBits)
  const output = (a0: number) => rshift(rshift(a0 * fix.scaleInt16[c]!, fix.q1) + fix.biasInt16[c]!, fix.q2)
  const fitsAbove = rshift(reach.up, fix.q0) <= most || output(most) >= fix.high
  const fitsBelow = rshift(reach.down, fix.q0) >= least || output(least) <= fix.low
  return fitsAbove && fitsBelow
}
