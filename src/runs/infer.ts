// -r infer: a model as it is, run through the user's data.

import { basename, join } from 'node:path'
import { openRunner } from '../calibrate/open.js'
import type { Config } from '../config/config.js'
import { modelFile } from '../engine/modelFile.js'
import { takingReals } from '../onnx/edits/inputTypes.js'
import type { ModeResult, Reporter, RunResult } from '../report/types.js'
import { readGivenModel } from './edit.js'
import { inputTypes } from './given/given.js'
import { planWorkers, type RunOptions, stageTimer, withPool } from './run.js'

/** Runs any model (float, integer, all layers) through the infer function or dataset; the result holds its metric. */
export function infer(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  return withPool(config, reporter, options, async ({ pool, workspace, signal, values, closeAtEnd }) => {
    const timer = stageTimer(reporter)
    timer.stage('run')
    const given = await readGivenModel(config, reporter)
    const model = { ...given, proto: takingReals(given.proto, inputTypes(config, given.proto)) }
    await planWorkers(pool, model, 0, reporter)
    const runner = await openRunner({ config, model, pool, store: undefined, reporter, signal, workspace, values })
    closeAtEnd(runner)
    const file = await modelFile(model.proto, join(workspace, 'model.onnx'))
    const results: ModeResult[] = []
    for (const iteration of runner.iterations) {
      const [metric] = await runner.measure([{ name: 'the model', file }], iteration)
      results.push({
        model: basename(config.model),
        mode: 'infer',
        iteration,
        loss: undefined,
        floatMetric: undefined,
        fixMetric: metric,
        directory: '.',
        files: [],
        error: undefined,
      })
    }
    return { saveDir: config.saveDir, results, skipped: runner.skipped, stageSeconds: timer.done() }
  })
}
