// A runner over an infer function: what the function sees of the run, and options that need a dataset instead.

import { createHash } from 'node:crypto'
import type { ItemFunction } from '../../dataset/script/executor.js'
import { isPython, valueAdvice, wrapAdvice } from '../../dataset/script/userScript.js'
import type { ModelInput } from '../../dataset/types.js'
import { SquireError } from '../../errors.js'
import { modelInputs } from '../../onnx/model.js'
import { warnOfImageOptions } from '../imageOptions.js'
import type { OpenOptions } from '../openOptions.js'
import type { Runner } from '../runner.js'
import { FunctionRunner } from './functionRunner.js'

/** `script` is the function's text: with other text the statistics of a cache are not its own. `end` ends what the function runs in. */
export function openFunction(
  infer: ItemFunction,
  name: string,
  script: string,
  options: OpenOptions,
  end?: (reason: SquireError) => Promise<void>,
): Runner {
  const { config, model, pool, reporter, signal } = options
  const { iterations, evalIteration } = config
  const datasetAdvice = datasetAdviceOf(options)
  const advice = datasetAdvice && ` ${datasetAdvice}`
  if (evalIteration === 'all' || iterations === 'all') {
    throw new SquireError(
      'USAGE',
      `${iterations === 'all' ? '-i' : '--eval-iteration'} all needs a dataset object, which knows its size; "${name}" is an infer function. Give a number.${advice}`,
    )
  }
  if (
    config.onBadSample === 'skip' ||
    config.selection.samples !== undefined ||
    config.selection.perClass !== undefined
  ) {
    throw new SquireError(
      'USAGE',
      `--on-bad-sample skip, --samples and --per-class need a dataset object; "${name}" is an infer function, which picks its own samples.${advice}`,
    )
  }
  warnOfImageOptions(config.image, reporter)
  const { graph } = model.proto
  const inputs: readonly ModelInput[] = modelInputs(model.proto).map((input) => asFed(input, config.irBatch))
  const outputs = graph.output.map((output) => output.name)
  const outputNodes = graph.node.flatMap(({ name, output }) =>
    output.filter((one) => one !== '').map((one) => [one, name || one] as const),
  )
  return new FunctionRunner({
    pool,
    infer,
    end,
    name,
    datasetAdvice,
    digest: createHash('sha256')
      .update(JSON.stringify([name, script, config.data ?? '']))
      .digest('hex'),
    executor: {
      batchSize: config.batchSize,
      dataset: config.data,
      saveDir: config.saveDir,
      inputConfigs: config.inputConfigs,
      inputs,
      outputs,
      outputNodes: Object.fromEntries(outputNodes),
    },
    iterations,
    evalIteration,
    samplesPerForward: config.irBatch ?? 1,
    holds: options.holds,
    reporter,
    signal,
  })
}

/** Python has no datasets, and squire's own functions are none: there, no function can be meant to make one. */
function datasetAdviceOf({ config: { userScript }, values }: OpenOptions): string {
  if (userScript !== undefined) return isPython(userScript) ? '' : wrapAdvice
  return values?.infer === undefined ? '' : valueAdvice
}

/** The batch that -ib gives the quantized model is none of the user's code's business: to it the batch stays dynamic. */
function asFed(input: ModelInput, irBatch: number | undefined): ModelInput {
  return irBatch !== undefined && input.dims[0] === irBatch ? { ...input, dims: ['', ...input.dims.slice(1)] } : input
}
