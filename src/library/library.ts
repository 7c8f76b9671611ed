// Whole runs of the library.

import type { Config } from '../config/config.js'
import { notReadOf } from '../config/otherRuns.js'
import { SquireError } from '../errors.js'
import type { Reporter, RunResult } from '../report/types.js'
import type { RunOptions } from '../runs/run.js'
import type { InferOptions, InferResult, QuantizeOptions } from './libraryTypes.js'
import { partsOf } from './options.js'
import { reporterOf, speakingOfOptions } from './speaking.js'

type Pipeline = (config: Config, reporter: Reporter, options: RunOptions) => Promise<RunResult>

export async function quantize(options: QuantizeOptions): Promise<RunResult> {
  const { runMode } = options
  if (runMode === 'infer' || runMode === 'compare') {
    const instead = runMode === 'infer' ? 'infer() runs a model as it is' : '`squire compare` compares what a run wrote'
    throw new SquireError(
      'CONFIG',
      `option "runMode": expected "quant", "auto_quant" or "convert", got "${runMode}"; ${instead}`,
    )
  }
  const pipeline = await pipelineOf(runMode)
  return runWith(pipeline, options)
}

export async function infer(options: InferOptions): Promise<InferResult> {
  const { infer } = await import('../runs/infer.js')
  const { results, skipped, stageSeconds } = await runWith(infer, { ...options, runMode: 'infer' })
  return {
    results: results.map(({ iteration, fixMetric }) => ({ iteration, metric: fixMetric })),
    skipped,
    stageSeconds,
  }
}

async function pipelineOf(mode: QuantizeOptions['runMode']): Promise<Pipeline> {
  if (mode === 'convert') return (await import('../runs/convert.js')).convert
  return (await import('../runs/quantize.js')).quantize
}

function runWith(pipeline: Pipeline, options: QuantizeOptions): Promise<RunResult> {
  return speakingOfOptions(async () => {
    const { config, given, values, hooks } = partsOf(options)
    const { signal } = hooks
    const reporter = reporterOf(hooks)
    const unread = notReadOf(config.runMode, given)
    if (unread !== undefined) reporter.warn(unread)
    return pipeline(config, reporter, { ...(signal === undefined ? {} : { signal }), values })
  })
}
