// A calibrated model with some of its operators in 16 bits.

import type { Prepared } from '../../calibrate/prepare.js'
import { type MixConfig, mixOfOperators } from '../../config/mix.js'
import { SquireError } from '../../errors.js'
import { hasOwnWidth } from '../../plan/groups.js'
import { makePlan } from '../../plan/plan.js'
import { silentReporter } from '../../report/types.js'
import { givenScales } from '../given/given.js'
import type { Solved } from '../quantization/quantization.js'
import { attempt, type Job } from '../quantization/quantization.js'
import { solveThresholds } from '../quantization/thresholds.js'
import type { Trials } from '../quantization/trials.js'
import { planOptions } from '../quantization/widths.js'
import { withZeroPoints } from '../quantization/zeroPoints.js'
import type { Setting } from '../run.js'
import { integersOf } from '../solveRun.js'
import type { Measure, Measured, Wide } from './search.js'

/** Every operator with a width of its own: those of `wide` in 16 bits, the others in 8, all with the mode of `job`. */
export function mixFor({ plan }: Prepared, wide: Wide, { mode }: Job): MixConfig {
  const names = new Set(wide.map(({ name }) => name))
  const operators = plan.operators.filter(hasOwnWidth)
  return mixOfOperators(operators.map(({ name }) => ({ name, bits: names.has(name) ? 16 : 8, mode })))
}

/** Widths change neither shapes nor which tensors are observed: what was calibrated serves every mix. */
export function withMix({ config }: Pick<Setting, 'config'>, prepared: Prepared, mix: MixConfig): Prepared {
  return { ...prepared, plan: makePlan(prepared.staticModel, prepared.tensors, planOptions(config, mix)) }
}

/** Runs mixes on calibration samples, each once, with the mode and the policy for zero points that `start` has, and tells of each. */
export function measureMixes(
  setting: Setting,
  trials: Trials,
  prepared: Prepared,
  start: Job,
  onMeasured: (measured: Measured) => void,
): Measure {
  const known = new Map<string, Promise<number>>()
  const measured = async (wide: Wide) => {
    const solved = await solveMixed(setting, prepared, wide, start)
    const noise = await trials.noiseOf(solved, `trying 16 bits for ${wide.length} operators`)
    onMeasured({ wide, noise })
    return noise
  }
  return (wide) => {
    const key = JSON.stringify(wide.map(({ name }) => name).sort())
    const noise = known.get(key) ?? measured(wide)
    known.set(key, noise)
    return noise
  }
}

async function solveMixed({ config, pool }: Setting, prepared: Prepared, wide: Wide, start: Job): Promise<Solved> {
  const mix = mixFor(prepared, wide, start)
  const mixed = withMix({ config }, prepared, mix)
  const given = await givenScales(config, mixed, silentReporter)
  const own = { ...config, modes: [start.mode] }
  const asked = { pool, reporter: silentReporter, prepared: mixed, observed: [start.observed], given, mix }
  const [thresholded] = await solveThresholds({ ...asked, config: own })
  const job = withZeroPoints(thresholded!, start.zeroPoints.policy)
  return { job, fixed: attempt(() => integersOf(config, given)(job, job.prepared.plan)) }
}

/** The integers of a quantization. @throws SquireError FIXED_POINT where the chip cannot run it */
export function integersIn({ fixed }: Solved) {
  if (fixed instanceof SquireError) throw fixed
  return fixed
}
