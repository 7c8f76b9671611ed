// What parts belong to, and whether a run may take its numbers from them.

import type { FoldKey } from '../calibrate/dataset/datasetRun.js'
import { DatasetRunner } from '../calibrate/dataset/datasetRunner.js'
import type { DatasetShares } from '../calibrate/dataset/datasetShares.js'
import type { Runner } from '../calibrate/runner.js'
import { differences } from '../calibrate/storage/key.js'
import { SquireError } from '../errors.js'
import { runtimeVersion } from '../onnx/runtime/session.js'
import { requireWhole } from '../parts/merge.js'
import type { Part, PartKind } from '../parts/part.js'
import { squireVersion } from '../version.js'

/** Shares need samples that can be counted before they are run. @throws SquireError USAGE for an infer function */
export function sharesOf(runner: Runner): DatasetShares {
  if (runner instanceof DatasetRunner) return runner.shares
  throw new SquireError(
    'USAGE',
    'shares of a run (calibrate, evaluate, --stats) need a dataset: a folder or file (-d), or a dataset object (-uds). ' +
      'An infer function picks its samples itself.',
  )
}

/** How chunks are cut, and how floats are summed, may change with these. */
export function versions(): FoldKey {
  return { 'squire version': squireVersion(), 'runtime version': runtimeVersion() }
}

/** @throws SquireError PART unless the part is whole, of this kind and of this run as far as `key` says */
export function requireBelonging(path: string, part: Part, kind: PartKind, key: FoldKey): void {
  if (part.kind !== kind)
    throw new SquireError('PART', `${path} holds parts of the ${part.kind}, expected the ${kind}'s`)
  const reasons = differences(part.key, key)
  if (reasons.length > 0) {
    throw new SquireError(
      'PART',
      `${path} does not belong to this run: ${reasons.join('; ')}. Give the options that its parts were made with.`,
    )
  }
  requireWhole({ name: path, part })
}
