// A runner over a dataset that workers open themselves: which samples are drawn, and how many of them calibrate and evaluate.

import type { Config } from '../../config/config.js'
import { openDataset } from '../../dataset/datasets.js'
import { drawSamples } from '../../dataset/select.js'
import type { DatasetSource } from '../../dataset/source.js'
import { stopFlag } from '../../engine/stopFlag.js'
import { modelInputs } from '../../onnx/model.js'
import type { Reporter } from '../../report/types.js'
import type { OpenOptions } from '../openOptions.js'
import type { Runner } from '../runner.js'
import { DatasetRunner } from './datasetRunner.js'

export async function openSource(source: DatasetSource, options: OpenOptions): Promise<Runner> {
  const { config, pool, reporter, signal, workspace } = options
  const inputs = modelInputs(options.model.proto)
  const dataset = await openDataset(source.kind === 'path' ? { ...source, scratch: workspace } : source, inputs)
  const draw = await drawSamples(dataset, config.selection)
  const calibrated = calibratedCounts(config, draw.drawn, reporter)
  const evaluated = evaluatedCount(config, dataset.size)
  const cuts = [...calibrated.map(({ samples }) => samples), ...(evaluated === undefined ? [] : [evaluated])]
  const selected = draw.order(cuts).subarray(0, Math.max(...cuts))
  return new DatasetRunner({
    pool,
    source: dataset.source,
    dataset,
    inputs,
    selected,
    listing: await dataset.listing(selected),
    calibrated,
    evaluated,
    onBadSample: config.onBadSample,
    store: options.store,
    reporter,
    stop: stopFlag(signal),
  })
}

/** Samples of each `-i` value: iteration x batch size, as in Knight. */
function calibratedCounts(config: Config, available: number, reporter: Reporter) {
  if (config.iterations === 'all') {
    return [{ iteration: Math.ceil(available / config.batchSize), samples: available }]
  }
  return config.iterations.map((iteration) => {
    const wanted = iteration * config.batchSize
    if (wanted > available) {
      reporter.warn(
        `-i ${iteration} -bs ${config.batchSize} asks for ${wanted} samples, the dataset has ${available}: taking all`,
      )
    }
    return { iteration, samples: Math.min(wanted, available) }
  })
}

function evaluatedCount({ evalIteration, batchSize }: Config, available: number): number | undefined {
  if (evalIteration === undefined) return undefined
  return evalIteration === 'all' ? available : Math.min(evalIteration * batchSize, available)
}
