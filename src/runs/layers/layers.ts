// What a run says of every layer: its quantizations beside the float model, and their numbers for the report.

import type { Prepared } from '../../calibrate/prepare.js'
import type { CalibrationResult } from '../../calibrate/runner.js'
import { groupHistogram } from '../../calibrate/storage/distribution.js'
import type { ComparisonResult } from '../../compare/compare.js'
import { compareIntegerModel } from '../../compare/integerModel.js'
import type { Config } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import { operatorSummaries } from '../../export/scaleJson.js'
import { writtenTensors } from '../../export/tensorNames.js'
import { chipProfile } from '../../fixedpoint/chip.js'
import { histogramsOf } from '../../histogram/buffer.js'
import { elementCount } from '../../onnx/tensor.js'
import type { FixedPointModel } from '../../plan/types.js'
import { layersOf, type QuantizationFacts } from '../../report/data/layers.js'
import type { Layers } from '../../report/data/types.js'
import { type Context, directoryOf, integerOf, type Job, type Outcome } from '../quantization/quantization.js'
import { driftOf } from './drift.js'
import { type NoiseShares, noiseLines, noiseShares } from './noiseShares.js'

/** @param outcomes by loss, the best first */
export async function compareRun(
  context: Context,
  observed: readonly CalibrationResult[],
  outcomes: readonly Outcome[],
): Promise<Layers> {
  const { config, prepared, several, pool } = context
  const { percent } = config
  const quantizations: QuantizationFacts[] = []
  for (const { job, made } of outcomes) {
    if (made instanceof SquireError) continue
    // The loss has told the best one. Without a metric nothing has: all are compared.
    const wanted = quantizations.length === 0 || made.evaluation.loss === undefined
    const { mode, observed } = job
    quantizations.push({
      ...{ mode, iteration: observed.iteration, directory: directoryOf(job, several), fixed: made.fixed },
      summaries: operatorSummaries(made.fixed),
      comparison: wanted ? await compareJob(context, job, made.fixed) : nothingCompared,
      noise: wanted ? await sharesOfJob(context, job, made.fixed) : undefined,
      drift: wanted ? await driftOf({ pool, plan: prepared.plan, observed: job.observed, mode, percent }) : undefined,
    })
  }
  const { qRange } = chipProfile(config.chip)
  return layersOf({ ...statisticsOf(prepared, observed.at(-1)!), qRange, quantizations })
}

/** Samples that a run may compare on. */
export function mostCompared({ compareIteration, batchSize }: Config): number {
  return compareIteration === 'all' ? Number.POSITIVE_INFINITY : compareIteration * batchSize
}

const nothingCompared: ComparisonResult = { samples: 0, tensors: [] }

/** The integer model beside the float one, tensor by tensor. */
async function compareJob(context: Context, job: Job, fixed: FixedPointModel) {
  const { config, workspace, runner } = context
  const { prepared } = job
  const most = mostCompared(config)
  if (most === 0 || prepared.plan.groups.length === 0) return nothingCompared
  const written = { outputDequant: false, allLayers: false }
  return compareIntegerModel({
    ...{ runner, workspace, title: `comparing ${job.mode}` },
    float: prepared.model.proto,
    integer: integerOf(context, job, fixed, written),
    written: writtenTensors(fixed, prepared.staticModel.proto, written),
    bytesOf: ({ name }) => 4 * elementCount(fixed.tensors.get(name)!.dims),
    compared: { iteration: job.observed.iteration, of: 'evaluation', most },
  })
}

/** Each source's share of the noise, where the run is asked for it. */
async function sharesOfJob(context: Context, job: Job, fixed: FixedPointModel): Promise<NoiseShares | undefined> {
  const { config, workspace, runner, reporter } = context
  if (config.noiseShares === 0) return undefined
  const { prepared, observed } = job
  const asked = { runner, workspace, prepared, fixed, iteration: observed.iteration }
  const most = config.noiseShares * config.batchSize
  const noise = await noiseShares({ ...asked, most, title: `noise of ${job.mode}` })
  for (const line of noiseLines(job.mode, noise)) reporter.info(line)
  return noise
}

/** What the report shows of the tensors: with several -i values, the statistics of the largest. */
function statisticsOf({ plan }: Prepared, { statistics }: CalibrationResult) {
  const histograms = histogramsOf(statistics)
  const histogramOf = (name: string) =>
    histograms.get(name) ?? groupHistogram(plan, plan.groupOf.get(name)!, histograms)
  return { plan, observed: new Set(histograms.keys()), histogramOf }
}
