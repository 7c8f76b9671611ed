// What merged parts stand for: the calibration and the evaluation of a run that was done in shares.

import type { Prepared } from '../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../calibrate/runner.js'
import { SquireError } from '../errors.js'
import { modelFileHash } from '../parts/modelFileHash.js'
import type { Part } from '../parts/part.js'
import { readPart } from '../parts/partFile.js'
import { type Context, type MeasuredJob, nameOf } from '../runs/quantization/quantization.js'
import { requireBelonging, sharesOf, versions } from './belongs.js'

/** The calibration that the parts in a file come to. @throws SquireError PART when they are not whole, or another run's */
export async function restoredCalibration(
  path: string,
  runner: Runner,
  prepared: Prepared,
): Promise<readonly CalibrationResult[]> {
  const shares = sharesOf(runner)
  const run = await shares.calibration()
  const part = await readPart(path)
  requireBelonging(path, part, 'calibration', { ...run.key, ...versions(), model: prepared.key })
  requireTensors(path, part, prepared.plan.observed)
  return shares.restore(run, part)
}

/** What has the right key was made by this squire from this model, unless somebody changed it. */
function requireTensors(path: string, { segments }: Part, observed: readonly string[]): void {
  if (segments.every(({ statistics }) => statistics === undefined || String(statistics.tensors) === String(observed)))
    return
  throw new SquireError(
    'PART',
    `${path} holds statistics of other tensors than this run observes. Make its parts again.`,
  )
}

/** The evaluations that the parts in a file come to. @throws SquireError PART when they are not whole, or another run's */
export async function restoredMeasure(path: string, runner: Runner): Promise<Context['measure']> {
  const shares = sharesOf(runner)
  const part = await readPart(path)
  requireBelonging(path, part, 'evaluation', await evaluationKey(runner))
  const metricOf = async ({ job, file: model }: MeasuredJob) => {
    const name = nameOf(job)
    const segments = part.segments.filter(({ fold }) => fold === name)
    if (part.key[name] !== (await modelFileHash(model.path)) || segments.length === 0) {
      throw new SquireError(
        'PART',
        `${path} does not measure this integer model of ${name}. Give the statistics and the options that its parts were made with.`,
      )
    }
    return shares.restoreMeasure({ segments, skipped: part.skipped }, job.observed.iteration)
  }
  return (measured) => Promise.all(measured.map(metricOf))
}

/** What all evaluations of a run depend on besides the integer models. */
export async function evaluationKey(runner: Runner): Promise<Readonly<Record<string, string>>> {
  return { data: await runner.digest(), ...versions() }
}
