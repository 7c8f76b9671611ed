// `squire calibrate`: the calibration of a run, or a share of it, as a part.

import { dirname } from 'node:path'
import { makeObserved } from '../calibrate/observed.js'
import { Checkpoint } from '../calibrate/storage/checkpoint.js'
import type { Config } from '../config/config.js'
import { checkWritable } from '../files/save.js'
import { thisMachine } from '../parts/machine.js'
import type { Part } from '../parts/part.js'
import type { Reporter } from '../report/types.js'
import { prepareRun } from '../runs/prepareRun.js'
import { checkpointUse, resumable } from '../runs/resumable.js'
import { type RunOptions, type Setting, stageTimer, warnOfSkipped, withPool } from '../runs/run.js'
import { sharesOf, versions } from './belongs.js'
import { isMade, nothingToDo, partPath, resultOf, type ShareResult, shareOf, writePart } from './output.js'

/** Runs the float model over a share of the samples. With `resume`, a part that is there and belongs to this run is left as it is. */
export function calibrateShare(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<ShareResult> {
  const path = partPath(config, 'calibration')
  const checkpoint = new Checkpoint(`${path}.checkpoint`, checkpointUse(config, options))
  const running = withPool(config, reporter, options, async (rig) => {
    const setting: Setting = { ...rig, config, reporter, timer: stageTimer(reporter) }
    await checkWritable(dirname(path), '--output')
    await checkpoint.begin()
    const { runner, prepared } = await prepareRun(setting, checkpoint)
    const shares = sharesOf(runner)
    const model = await makeObserved(prepared, rig.workspace, runner.iterations.at(-1))
    for (const line of model.log) reporter.debug(line)
    const plan = await shares.planShare(model, shareOf(config))
    const key = { ...plan.key, ...versions() }
    if (config.resume && (await isMade(path, key, plan.chunks))) return resultOf(path, plan.chunks, [], true)
    if (plan.chunks.length === 0) reporter.warn(nothingToDo(plan.share, plan.all.length))
    const part: Part = {
      ...(await shares.observeShare(model, plan)),
      kind: 'calibration',
      key,
      machines: [
        await thisMachine(rig.pool, prepared.feeds, [{ model: model.observed, observation: model.observation }]),
      ],
    }
    warnOfSkipped(runner, reporter)
    await writePart(path, part)
    await checkpoint.remove()
    return resultOf(path, plan.chunks, part.skipped, false)
  })
  return resumable(checkpoint, running)
}
