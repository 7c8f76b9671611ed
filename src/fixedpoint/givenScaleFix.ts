// scaleFix of an accumulating operator whose shifts, multipliers and biases are known: nothing is chosen, its weights are rounded.

import type { Accumulation, SolvedAccumulation } from './scaleFix.js'
import type { Arithmetic, ScaleFix } from './types.js'
import { emptyRows, reachOf, roundRow } from './weights.js'

/** What another run found, and the scales that it goes with. */
export interface GivenScaleFix extends Pick<ScaleFix, 'q0' | 'q1' | 'q2' | 'scaleInt16' | 'biasInt16'> {
  readonly inputScale: number
  readonly outputScale: number
}

/** Whether it was found for a layer of these scales and as many channels. */
export function goesWith(given: GivenScaleFix, layer: Accumulation): boolean {
  const sameScales = given.inputScale === layer.inputScale && given.outputScale === layer.outputScale
  return sameScales && given.scaleInt16.length === layer.rows.length && given.biasInt16.length === layer.rows.length
}

/** The weights at the scales that the multipliers are exact for. */
export function takeScaleFix(layer: Accumulation, given: GivenScaleFix, chip: Arithmetic): SolvedAccumulation {
  const { q0, q1, q2, scaleInt16, biasInt16 } = given
  const unit = layer.outputScale / layer.inputScale
  const weightScales = Float64Array.from(scaleInt16, (multiplier) => multiplier * 2 ** -(q0 + q1 + q2) * unit)
  const { integers, rows } = emptyRows(layer.rows, chip.weightBits)
  const reaches = layer.rows.map((row, c) =>
    reachOf(roundRow(row, weightScales[c]!, chip.weightBits, rows[c]!), layer.inputRange),
  )
  return {
    weightBits: chip.weightBits,
    scaleFix: { q0, q1, q2, scaleInt16, biasInt16, low: layer.low, high: layer.high },
    integers,
    weightScales,
    bias: layer.bias,
    accumulatorBound: reaches.reduce((most, { up, down }) => Math.max(most, up, -down), 0),
  }
}
