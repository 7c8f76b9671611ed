// `squire evaluate`: the evaluation of a run's integer models, or a share of it, as a part.

import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../config/config.js'
import type { FoldPart } from '../engine/fold/part.js'
import { inOrder } from '../engine/fold/part.js'
import { SquireError } from '../errors.js'
import { checkWritable } from '../files/save.js'
import { type Probe, thisMachine } from '../parts/machine.js'
import { modelFileHash } from '../parts/modelFileHash.js'
import type { Reporter } from '../report/types.js'
import { prepareRun } from '../runs/prepareRun.js'
import { integerFile, nameOf } from '../runs/quantization/quantization.js'
import { type RunOptions, type Setting, stageTimer, warnOfSkipped, withPool } from '../runs/run.js'
import { solveRun } from '../runs/solveRun.js'
import { sharesOf } from './belongs.js'
import { isMade, nothingToDo, partPath, resultOf, type ShareResult, shareOf, writePart } from './output.js'
import { evaluationKey, restoredCalibration } from './restore.js'

/** Runs every integer model of a run over a share of the samples. With `resume`, a part that is there and belongs to this run is left as it is. */
export function evaluateShare(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<ShareResult> {
  const { stats } = config
  if (stats === undefined) {
    throw new SquireError(
      'USAGE',
      'squire evaluate needs the statistics of the run: give --stats, the merged parts of `squire calibrate`.',
    )
  }
  return withPool(config, reporter, options, async (rig) => {
    const path = partPath(config, 'evaluation')
    const setting: Setting = { ...rig, config, reporter, timer: stageTimer(reporter) }
    await checkWritable(dirname(path), '--output')
    const { runner, prepared } = await prepareRun(setting, undefined)
    const shares = sharesOf(runner)
    const observed = await restoredCalibration(stats, runner, prepared)
    if (observed.every(({ floatMetric }) => floatMetric === undefined)) {
      reporter.warn('there is nothing to evaluate: the dataset has no metric')
    }
    const share = shareOf(config)
    const key: Record<string, string> = await evaluationKey(runner)
    const models: { readonly name: string; readonly iteration: number; readonly probe: Probe }[] = []
    for (const { job, fixed } of await solveRun(setting, runner, prepared, observed)) {
      // What has no integers, or no metric, is not measured on one machine either.
      if (fixed instanceof SquireError || job.observed.floatMetric === undefined) continue
      const model = await integerFile({ config, workspace: rig.workspace }, job, fixed)
      key[nameOf(job)] = await modelFileHash(model.path)
      models.push({ name: nameOf(job), iteration: job.observed.iteration, probe: { model } })
    }
    setting.timer.stage('post-process')
    const plan = await shares.planMeasures(
      models.map(({ iteration }) => iteration),
      share,
    )
    if (config.resume && (await isMade(path, key, plan.chunks))) return resultOf(path, plan.chunks, [], true)
    if (plan.chunks.length === 0) reporter.warn(nothingToDo(share, plan.all))
    const folds: FoldPart[] = []
    for (const { name, iteration, probe } of models) {
      folds.push(await shares.measureShare(probe.model, iteration, name, share))
    }
    warnOfSkipped(runner, reporter)
    const machine = await thisMachine(
      rig.pool,
      prepared.feeds,
      models.map(({ probe }) => probe),
    )
    for (const { probe } of models) await rm(probe.model.path)
    const skipped = inOrder(folds.flatMap((fold) => fold.skipped))
    const segments = folds.flatMap((fold) => fold.segments)
    await writePart(path, { kind: 'evaluation', key, contents: 0n, machines: [machine], segments, skipped })
    return resultOf(path, plan.chunks, skipped, false)
  })
}
