// A runner over a dataset that workers open themselves: which samples are drawn, and how many of them calibrate and evaluate.

import type { Config } from '../../config/config.js'
import { openDataset } from '../../dataset/datasets.js'
import { drawSamples } from '../../dataset/select.js'
import type { DatasetSource } from '../../dataset/source.js'
import { stopFlag } from '../../engine/stopFlag.js'
import { modelInputs } from '../../onnx/model.js'
import type { Reporter } from '../../report/types.js'
import { holdsImages, warnOfImageOptions } from '../imageOptions.js'
import type { OpenOptions } from '../openOptions.js'
import type { Runner } from '../runner.js'
import { DatasetRunner } from './datasetRunner.js'

export async function openSource(source: DatasetSource, options: OpenOptions): Promise<Runner> {
  const { config, pool, reporter, signal, workspace } = options
  const inputs = modelInputs(options.model.proto)
  const apart = { scratch: workspace, output: config.saveDir }
  const dataset = await openDataset(source.kind === 'path' ? { ...source, ...apart } : source, inputs)
  if (!holdsImages(dataset.source)) warnOfImageOptions(config.image, reporter)
  const draw = await drawSamples(dataset, config.selection)
  const { samples: wanted } = config.selection
  if (wanted !== undefined) atMost(wanted, draw.drawn, '--samples', reporter)
  const calibrated = calibratedCounts(config, draw.drawn, reporter)
  const evaluated = evaluatedCount(config, dataset.size, reporter)
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
    return { iteration, samples: atMost(wanted, available, `-i ${iteration} -bs ${config.batchSize}`, reporter) }
  })
}

function evaluatedCount(
  { evalIteration, batchSize }: Config,
  available: number,
  reporter: Reporter,
): number | undefined {
  if (evalIteration === undefined || evalIteration === 'all') return evalIteration && available
  const wanted = evalIteration * batchSize
  return atMost(wanted, available, `--eval-iteration ${evalIteration} -bs ${batchSize}`, reporter)
}

/** As many samples as an option asks for, or all there are. */
function atMost(wanted: number, available: number, asked: string, reporter: Reporter): number {
  if (wanted > available) {
    reporter.warn(`${asked} asks for ${wanted} samples, there are ${available}: taking all`)
  }
  return Math.min(wanted, available)
}
