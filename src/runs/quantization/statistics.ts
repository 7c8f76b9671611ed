// The statistics of a run: calibrated, or from where they are known already; and as files.

import { basename, dirname } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../../calibrate/runner.js'
import {
  type Distribution,
  type DistributionKey,
  encodeDistribution,
  readDistribution,
} from '../../calibrate/storage/distribution.js'
import type { Config } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import { type Content, saveAll } from '../../files/save.js'
import { restoredCalibration } from '../../shares/restore.js'
import { squireVersion } from '../../version.js'

/** The statistics of every -i value, from the cache where there is one; else from `observe`. */
export async function calibrated(
  config: Config,
  prepared: Prepared,
  runner: Runner,
  observe: () => Promise<readonly CalibrationResult[]>,
): Promise<readonly CalibrationResult[]> {
  if (config.stats !== undefined) {
    await runner.skipObservation()
    return restoredCalibration(config.stats, runner, prepared)
  }
  const path = config.cacheDistribution
  if (path === undefined) return observe()
  const [iteration, ...more] = runner.iterations
  if (iteration === undefined || more.length > 0) {
    throw new SquireError(
      'USAGE',
      `-cd holds the distribution of one calibration; got -i ${runner.iterations.join(' ')}. Give one -i.`,
    )
  }
  const key = await distributionKey(config, prepared, runner, iteration)
  const cached = await readDistribution(path, prepared.plan, key)
  if (cached !== undefined) {
    await runner.skipObservation()
    return [{ iteration, ...cached }]
  }
  const observed = await observe()
  await saveAll(
    dirname(path),
    new Map([[basename(path), encodeDistribution(prepared.plan, observed[0]!, key, squireVersion())]]),
    '--cache-distribution',
  )
  return observed
}

/** What the statistics of a run belong to. */
export async function distributionKey(
  config: Config,
  prepared: Prepared,
  runner: Runner,
  iteration: number,
): Promise<DistributionKey> {
  const { samples, perClass, seed } = config.selection
  const evaluation = config.evalIteration ?? iteration
  const drawn = `samples ${samples ?? 'all'}, per class ${perClass ?? 'all'}, seed ${seed}`
  return {
    modelHash: prepared.key,
    datasetDigest: await runner.digest(),
    options: `-i ${iteration} -bs ${config.batchSize}, evaluated on ${evaluation}, ${drawn}, bad samples: ${config.onBadSample}`,
  }
}

/** The statistics of each -i value. */
export async function statisticsFiles(
  config: Config,
  prepared: Prepared,
  runner: Runner,
  observed: readonly CalibrationResult[],
): Promise<Map<string, Content>> {
  const files = new Map<string, Content>()
  for (const one of observed) {
    const key = await distributionKey(config, prepared, runner, one.iteration)
    const name = observed.length > 1 ? `stats_it_${one.iteration}.arrow` : 'stats.arrow'
    const distribution: Distribution = one
    files.set(name, encodeDistribution(prepared.plan, distribution, key, squireVersion()))
  }
  return files
}
