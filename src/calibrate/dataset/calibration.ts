// How a run calibrates: which samples are counted and measured, and what comes of them. A function of counts alone, so that machines which share
// a run agree on it.

import { segmentsOf } from '../../engine/fold/chunks.js'
import { type FoldState, statisticsUpTo } from '../../engine/fold/foldState.js'
import type { Observation } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import type { SomeStatistics } from '../../histogram/buffer.js'
import type { CalibrationResult } from '../runner.js'
import type { Calibration, DatasetRunnerOptions } from './datasetRun.js'

type CalibrationOptions = Pick<
  DatasetRunnerOptions,
  'calibrated' | 'evaluated' | 'onBadSample' | 'listing' | 'reporter'
> & { readonly hasMetric: boolean }

/** @param batch samples of a forward pass that the model itself asks for */
export function calibrationOf(
  options: CalibrationOptions,
  batch: number,
  inputDims: Observation['inputDims'],
): Calibration {
  const { calibrated, evaluated, onBadSample, listing, hasMetric } = options
  const counts = calibrated.map(({ samples }) => wholeBatches(samples, batch, options))
  const measured = hasMetric ? calibrated.map(({ samples }) => evaluated ?? samples) : []
  const half = counts.length === 1 ? halfOf(counts[0]!, batch) : undefined
  return {
    batch,
    counts,
    measured,
    half,
    segments: segmentsOf([...counts, ...(half === undefined ? [] : [half])], measured),
    key: {
      'way with bad samples': onBadSample,
      calibration: `on ${counts.join(' and ')} samples`,
      evaluation: measured.length === 0 ? 'on none' : `on ${measured.join(' and ')} samples`,
      'input dims': JSON.stringify(inputDims),
      data: listing,
    },
  }
}

/** The statistics of the first `count` samples, one of the counts of the calibration. */
export function statisticsOf(
  { segments, half }: Calibration,
  state: FoldState,
  count: number,
): Pick<CalibrationResult, 'samples' | 'statistics' | 'firstHalf'> {
  const upTo = (end: number): SomeStatistics => ({
    samples: segments.reduce((sum, { to }, i) => (to <= end ? sum + state.segments[i]!.observed : sum), 0),
    statistics: statisticsUpTo(state, segments, end),
  })
  const all = upTo(count)
  return { ...all, firstHalf: half === undefined ? undefined : properPart(upTo(half), all.samples) }
}

/** A model with a fixed batch observes whole batches only: padding would enter the statistics. */
function wholeBatches(samples: number, batch: number, { reporter }: CalibrationOptions): number {
  const whole = samples - (samples % batch)
  if (whole === 0) {
    throw new SquireError(
      'DATA',
      `the model takes ${batch} samples at a time, but there are only ${samples} to calibrate on; give at least ${batch}.`,
    )
  }
  if (whole < samples) {
    reporter.warn(`calibrating on ${whole} of ${samples} samples: the model takes ${batch} at a time`)
  }
  return whole
}

/** Half of the samples, in whole batches; undefined where that is none. */
function halfOf(samples: number, batch: number): number | undefined {
  const batches = Math.floor(samples / batch / 2)
  return batches === 0 ? undefined : batches * batch
}

/** undefined where bad samples have left nothing on one side. */
function properPart(part: SomeStatistics, all: number): SomeStatistics | undefined {
  return part.samples > 0 && part.samples < all ? part : undefined
}
