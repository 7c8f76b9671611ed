// The library's half of a run: one object of options becomes a configuration, hooks and values; messages speak of options, not of flags.

import { type Config, makeConfig } from '../config/config.js'
import { inOptions } from '../config/wording.js'
import { SquireError } from '../errors.js'
import { type Reporter, type RunResult, silentReporter } from '../report/types.js'
import type { RunOptions } from '../runs/run.js'
import type { InferOptions, InferResult, QuantizeOptions, RunHooks } from './libraryTypes.js'

type Pipeline = (config: Config, reporter: Reporter, options: RunOptions) => Promise<RunResult>

export async function quantize(options: QuantizeOptions): Promise<RunResult> {
  const pipeline =
    options.runMode === 'convert' ? import('../runs/convert.js').then(({ convert }) => convert) : quantizing()
  return runWith(await pipeline, options)
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

async function quantizing(): Promise<Pipeline> {
  return (await import('../runs/quantize.js')).quantize
}

async function runWith(pipeline: Pipeline, options: QuantizeOptions): Promise<RunResult> {
  const { signal, onProgress, reporter, dataset, infer, ...given } = options
  try {
    if (dataset !== undefined && infer !== undefined) {
      throw new SquireError('CONFIG', 'option "dataset" and option "infer" exclude each other')
    }
    const config = makeConfig(given)
    const values = { ...(dataset === undefined ? {} : { dataset }), ...(infer === undefined ? {} : { infer }) }
    return await pipeline(config, speaking(reporter ?? silentReporter, onProgress), {
      ...(signal === undefined ? {} : { signal }),
      values,
    })
  } catch (error) {
    if (!(error instanceof SquireError)) throw error
    throw new SquireError(error.code, inOptions(error.message), { cause: error.cause })
  }
}

/** A reporter that speaks of options, and tells a callback how far the work is. */
function speaking(reporter: Reporter, onProgress: RunHooks['onProgress']): Reporter {
  let stage = ''
  return {
    stage(name, of) {
      stage = name
      reporter.stage(name, of)
    },
    workload: (samples) => reporter.workload?.(samples),
    info: (line) => reporter.info(inOptions(line)),
    warn: (line) => reporter.warn(inOptions(line)),
    debug: (line) => reporter.debug(inOptions(line)),
    output: (name, text) => reporter.output(name, text),
    progress(title, total, unit) {
      const task = reporter.progress(title, total, unit)
      const tell = (done: number) => onProgress?.({ stage, title, done, total, unit })
      tell(0)
      return {
        update(done) {
          task.update(done)
          tell(done)
        },
        finish: () => task.finish(),
      }
    },
  }
}
