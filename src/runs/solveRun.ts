// The stages behind the calibration: thresholds, the choice of modes and zero points, integers, and refinement.

import type { Prepared } from '../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../calibrate/runner.js'
import type { Config } from '../config/config.js'
import type { MixConfig } from '../config/mix.js'
import { chipProfile } from '../fixedpoint/chip.js'
import { solveFixedPoint } from '../plan/solve.js'
import { type Given, givenScales } from './given/given.js'
import { chosenQuantizations } from './quantization/choose.js'
import type { Solved } from './quantization/quantization.js'
import { solveThresholds } from './quantization/thresholds.js'
import { mixOf } from './quantization/widths.js'
import { refineRun, type Solve } from './refinement/index.js'
import type { Setting } from './run.js'

/**
 * Thresholds and integers of every quantization: of each `-i` value in every mode.
 * @param mix widths and modes of single operators, which the plan of `prepared` has; undefined: those of --mix-config
 */
export async function solveRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  observed: readonly CalibrationResult[],
  mix?: MixConfig,
): Promise<readonly Solved[]> {
  const { config, reporter, timer, pool } = setting
  timer.stage('model quantization')
  const given = await givenScales(config, prepared, reporter)
  const asked = { config, pool, reporter, prepared, observed, given, mix: mix ?? (await mixOf(config)) }
  const thresholded = await solveThresholds(asked)
  timer.stage('fixed-point parameters')
  const solve = integersOf(config, given)
  const solved = await chosenQuantizations({
    ...{ setting, runner, prepared, thresholded },
    solve: (job) => solve(job, job.prepared.plan),
  })
  return refineRun(setting, runner, prepared, solved, solve)
}

/** What makes the integers of a quantization. */
export function integersOf({ chip, lutLength }: Config, { scales, accumulations }: Given): Solve {
  const options = { scales, accumulations, ...(lutLength !== undefined && { lutBits: lutLength }) }
  return (job, plan) => solveFixedPoint(plan, job.thresholds, chipProfile(chip), options)
}
