// -r convert: the graph is optimized, checked against the model as it was, and written. Nothing is quantized.

import { basename } from 'node:path'
import { openRunner } from '../calibrate/open.js'
import type { Feeds } from '../calibrate/runner.js'
import type { Config } from '../config/config.js'
import { SquireError } from '../errors.js'
import { checkWritable, saveAll } from '../files/save.js'
import { modelFiles } from '../onnx/file/write.js'
import { importModel } from '../onnx/import/index.js'
import { optimize } from '../onnx/passes/index.js'
import { openModel } from '../onnx/runtime/openModel.js'
import type { ModelProto, TensorValue } from '../onnx/types.js'
import type { Reporter, RunResult } from '../report/types.js'
import { readGivenModel } from './edit.js'
import { type RunOptions, stageTimer, withPool } from './run.js'

/** Largest difference of an output, relative to its largest value: float32 sums in another order, or weights that were float16. */
const TOLERANCE = 1e-2

/** @throws SquireError MODEL when the optimized model does not compute what the original does */
export function convert(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  return withPool(config, reporter, options, async ({ pool, workspace, signal, values, closeAtEnd }) => {
    const timer = stageTimer(reporter)
    await checkWritable(config.saveDir)
    timer.stage('graph optimization')
    const source = await readGivenModel(config, reporter)
    const imported = importModel(source)
    const { model, log } = await optimize(imported.model, config.disableOnnxsim ? 'needed' : 'all')
    for (const line of [...imported.log, ...log]) reporter.info(line)

    timer.stage('verification')
    const runner = await openRunner({
      config,
      model: source,
      pool,
      store: undefined,
      reporter,
      signal,
      workspace,
      values,
    })
    closeAtEnd(runner)
    const feeds = await runner.firstFeeds()
    const [before, after] = [await outputsOf(source.proto, feeds), await outputsOf(model.proto, feeds)]
    const difference = Math.max(...Object.keys(before).map((name) => relative(before[name]!, after[name]!)))
    reporter.info(`largest relative difference of an output: ${difference.toExponential(1)}`)
    if (!(difference <= TOLERANCE)) {
      throw new SquireError(
        'MODEL',
        `the optimized model differs from ${config.model} by ${difference.toExponential(1)} of its largest output on the first input. Convert it with -do, and please report it.`,
      )
    }
    const files = modelFiles(model.proto, `${basename(config.model, '.onnx')}_convert.onnx`)
    await saveAll(config.saveDir, files)
    const result = {
      ...{ model: basename(config.model), mode: 'convert', iteration: runner.iterations[0]!, directory: '.' },
      ...{ loss: undefined, floatMetric: undefined, fixMetric: undefined, error: undefined },
      files: [...files.keys()],
    }
    return { saveDir: config.saveDir, results: [result], skipped: runner.skipped, stageSeconds: timer.done() }
  })
}

async function outputsOf(proto: ModelProto, feeds: Feeds): Promise<Readonly<Record<string, TensorValue>>> {
  const session = await openModel(proto)
  try {
    return await session.run(feeds)
  } finally {
    await session.release()
  }
}

/** NaN where the two are not comparable. */
function relative(before: TensorValue, after: TensorValue): number {
  if (before.data.length !== after.data.length) return Number.NaN
  let most = 0
  let difference = 0
  for (let i = 0; i < before.data.length; i++) {
    most = Math.max(most, Math.abs(Number(before.data[i])))
    difference = Math.max(difference, Math.abs(Number(before.data[i]) - Number(after.data[i])))
  }
  return difference === 0 ? 0 : difference / most
}
