// Whether calibration saw enough: how far a threshold over all samples is from the one that their first half gives.

import type { CalibrationResult } from '../../calibrate/runner.js'
import { groupHistogram } from '../../calibrate/storage/distribution.js'
import type { QuantMode } from '../../config/config.js'
import type { Pool } from '../../engine/pool.js'
import { histogramsOf, type StatisticsBuffer } from '../../histogram/buffer.js'
import type { Plan } from '../../plan/types.js'
import { type GroupHistogram, solveGroups } from '../../solve/groups.js'

export interface Drift {
  /** Samples in the first half. */
  readonly samples: number
  /** Scale group -> (threshold of all samples - threshold of the first half) / threshold of the first half. Groups that are zero in the half are left out. */
  readonly changes: ReadonlyMap<string, number>
}

export interface DriftRequest {
  readonly pool: Pool
  readonly plan: Plan
  readonly observed: CalibrationResult
  readonly mode: QuantMode
  readonly percent: number
}

/** undefined where the first half of the samples is not known. */
export async function driftOf({ observed, plan, mode, ...solving }: DriftRequest): Promise<Drift | undefined> {
  const { firstHalf, statistics } = observed
  if (firstHalf === undefined) return undefined
  const thresholds = async (of: StatisticsBuffer) => {
    const solved = await solveGroups({ ...solving, modes: [mode], groups: groupsOf(plan, of) })
    return solved.get(mode)!
  }
  const [before, after] = [await thresholds(firstHalf.statistics), await thresholds(statistics)]
  const changes = [...before].map(([name, threshold]) => [name, after.get(name)! / threshold - 1] as const)
  return { samples: firstHalf.samples, changes: new Map(changes) }
}

function groupsOf(plan: Plan, statistics: StatisticsBuffer): GroupHistogram[] {
  const histograms = histogramsOf(statistics)
  return plan.groups
    .map((scaleGroup) => ({ scaleGroup, histogram: groupHistogram(plan, scaleGroup, histograms) }))
    .filter(({ histogram }) => histogram.count > histogram.zeros)
}
