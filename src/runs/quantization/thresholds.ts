// Thresholds of every quantization, from what calibration observed.

import type { Prepared } from '../../calibrate/prepare.js'
import type { CalibrationResult } from '../../calibrate/runner.js'
import { groupHistogram } from '../../calibrate/storage/distribution.js'
import { autoModes, type Config, type QuantMode } from '../../config/config.js'
import { choiceOf, type MixConfig } from '../../config/mix.js'
import type { Pool } from '../../engine/pool.js'
import { histogramsOf } from '../../histogram/buffer.js'
import { hasOwnWidth } from '../../plan/groups.js'
import type { Plan } from '../../plan/types.js'
import type { Reporter } from '../../report/types.js'
import { type GroupHistogram, solveGroups, withoutSign } from '../../solve/groups.js'
import { integerTensors } from '../../solve/integerTensors.js'
import type { Given } from '../given/given.js'
import type { Job } from './quantization.js'
import { planOptions } from './widths.js'
import { NO_ZERO_POINTS, type Thresholded } from './zeroPoints.js'
import { withZeroTensors } from './zeroTensors.js'

/** What is made: of 'auto', the modes to choose from. */
function modesOf({ modes }: Config): readonly QuantMode[] {
  return modes.includes('auto') ? autoModes : modes.filter((mode) => mode !== 'auto')
}

export interface ThresholdRequest {
  readonly config: Config
  readonly pool: Pool
  readonly reporter: Reporter
  readonly prepared: Prepared
  readonly observed: readonly CalibrationResult[]
  readonly given: Given
  /** Widths and modes of single operators, which the plan of `prepared` has. */
  readonly mix: MixConfig | undefined
}

/** Of each `-i` value in every mode. */
export async function solveThresholds(request: ThresholdRequest): Promise<Thresholded[]> {
  const { config, pool, reporter, prepared, observed, given, mix } = request
  const thresholded: Thresholded[] = []
  const { origin } = given
  const { plan } = prepared
  // Where the model has brought every scale there is nothing to choose.
  const isDecided = plan.groups.every(({ tensors }) => tensors.some((name) => given.scales.has(name)))
  const auto = config.modes.includes('auto') && isDecided ? modesOf(config).slice(0, 1) : modesOf(config)
  const modes = origin === undefined ? auto : [origin.mode ?? auto[0]!]
  const own = ownModes(mix, plan)
  const options = planOptions(config, mix)
  // Loaded scales make one quantization, whatever it is measured on.
  for (const one of origin === undefined ? observed : observed.slice(-1)) {
    const groups = groupHistograms(prepared, one, reporter)
    const whole = integerTensors(plan, groups)
    const asked = [...new Set([...modes, ...own.values()])]
    const solved = await solveGroups({ pool, groups, modes: asked, percent: config.percent })
    const oneSided = await solveGroups({ pool, groups: withoutSign(groups), modes: asked, percent: config.percent })
    const ofMode = (all: typeof solved, mode: QuantMode) => {
      const thresholds = withZeroTensors(plan, groups, all.get(mode)!)
      for (const [name, ownMode] of own) if (thresholds.has(name)) thresholds.set(name, all.get(ownMode)!.get(name)!)
      for (const [name, threshold] of [...whole, ...given.thresholds]) thresholds.set(name, threshold)
      return thresholds
    }
    for (const mode of modes) {
      const job: Job = {
        observed: one,
        mode,
        thresholds: ofMode(solved, mode),
        origin,
        prepared,
        zeroPoints: NO_ZERO_POINTS,
      }
      const { zeroPoints } = given
      thresholded.push({ job, groups, oneSided: ofMode(oneSided, mode), zeroPoints, options })
    }
  }
  return thresholded
}

/** Scale group -> the mode that a mixed configuration gives an operator that writes it; of several operators the first. */
function ownModes(mix: MixConfig | undefined, { operators, groups }: Plan): ReadonlyMap<string, QuantMode> {
  const modes = new Map<string, QuantMode>()
  if (mix === undefined) return modes
  for (const operator of operators.filter(hasOwnWidth)) {
    const mode = choiceOf(mix, operator)?.['quant-mode']
    const written = groups.filter(({ tensors }) => operator.outputs.some((name) => tensors.includes(name)))
    for (const { name } of written) if (mode !== undefined && !modes.has(name)) modes.set(name, mode)
  }
  return modes
}

function groupHistograms(prepared: Prepared, observed: CalibrationResult, reporter: Reporter): GroupHistogram[] {
  const histograms = histogramsOf(observed.statistics)
  const groups = prepared.plan.groups.map((scaleGroup) => ({
    scaleGroup,
    histogram: groupHistogram(prepared.plan, scaleGroup, histograms),
  }))
  for (const { scaleGroup, histogram } of groups) {
    // A mask of zeros, and of what no scale has to hold.
    const isMask = scaleGroup.tensors.some((name) => prepared.plan.masked.has(name))
    if (histogram.count > histogram.zeros || isMask) continue
    const samples = observed.samples === 1 ? 'the only sample' : `all ${observed.samples} samples`
    reporter.warn(
      `tensor "${scaleGroup.name}" is zero in ${samples}: its scale is arbitrary. ` +
        'Calibrate on data that reaches it, or check that the branch is alive.',
    )
  }
  return groups
}
