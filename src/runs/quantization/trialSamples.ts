// How many calibration samples each quantization is tried on: a function of the model, its dims and the calibration alone, so that neither time nor
// workers nor memory decide what a run takes.

import type { CalibratedSamples } from '../../calibrate/runner.js'
import { autoModes, type Config, zeroPointPolicies } from '../../config/config.js'
import { costOf } from '../../noise/cost.js'
import { elementCount } from '../../onnx/tensor.js'
import type { Plan } from '../../plan/types.js'

/** So many are tried however large the model is, where as many are calibrated on. */
const LEAST = 16
/** More were not measured; docs/accuracy.md says what 64 are worth beside 16. */
const MOST = 64
/** One quantization on more than 16 samples computes no more than that, in multiply-adds: about a fifth of a second of one core. */
const MOST_MULTIPLY_ADDS = 2.5e9
/** Rounding and clipping one value that an operator writes takes an integer model as long as so many multiply-adds. */
const VALUE_IN_MULTIPLY_ADDS = 25

/**
 * Samples, or forward passes of an infer function, that a trial looks at: two thirds of those that are calibrated on, at least 16, at most 64, and
 * above 16 no more than MOST_MULTIPLY_ADDS allows. They fill whole batches, as a part of a forward pass is not compared.
 * @param plan of the model that was calibrated: the zero points and widths that are tried do not change the number
 */
export function trialSamples(plan: Plan, { samples, batch, forwards }: CalibratedSamples): number {
  const affordable = (MOST_MULTIPLY_ADDS * batch) / (forwards * multiplyAddsOf(plan))
  const wanted = Math.max(LEAST, Math.floor(Math.min(MOST, (2 * samples) / 3, affordable)))
  return Math.min(samples, Math.ceil(wanted / batch) * batch)
}

/** Of one forward pass of the integer model, in multiply-adds: its products, and what its other arithmetic takes. */
function multiplyAddsOf({ operators, tensors }: Plan): number {
  const written = operators.flatMap(({ outputs }) => outputs.map((name) => tensors.get(name)?.dims ?? []))
  const values = written.reduce((sum, dims) => sum + elementCount(dims), 0)
  const products = operators.reduce((sum, operator) => sum + costOf(operator, { tensors }), 0)
  return products + VALUE_IN_MULTIPLY_ADDS * values
}

/**
 * Samples of all trials of a run at most, for its progress.
 * @param samples of a trial, for each `-i` value
 * @param room quantizations that are tried at once
 */
export function triedSamples({ modes, zeroPoints }: Config, samples: readonly number[], room: number): number {
  const isAuto = modes.includes('auto')
  // The mode that auto takes has been tried with all zero points.
  const policies = zeroPoints === 'auto' ? Math.ceil((zeroPointPolicies.length - (isAuto ? 1 : 0)) / room) : 0
  const rounds = isAuto ? Math.ceil(autoModes.length / room) + policies : policies * modes.length
  return rounds * samples.reduce((sum, count) => sum + count, 0)
}
