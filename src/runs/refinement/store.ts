// Where a refinement is kept from one run to the next: beside the distribution cache, one file for each threshold method.

import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import type { Refinement } from '../../config/config.js'
import { messageOf, SquireError } from '../../errors.js'
import { scaleJson } from '../../export/scaleJson.js'
import { readRegular } from '../../files/regularFile.js'
import { saveAll } from '../../files/save.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import { squireVersion } from '../../version.js'
import type { Job } from '../quantization/quantization.js'
import { distributionKey } from '../quantization/statistics.js'
import type { Setting } from '../run.js'
import { decodeRefinement, encodeRefinement, type StoredRefinement } from './storage.js'

export interface RefinementStore {
  /** Undefined where there is none, or one of something else. @throws SquireError CACHE for a file that is damaged or cannot be read */
  load(plan: Plan): Promise<StoredRefinement | undefined>
  save(found: StoredRefinement): Promise<void>
}

/** Undefined without a distribution cache. What was found holds for the same model, data, level and integers before it. */
export async function storeOf(
  { config, reporter }: Setting,
  level: Refinement,
  runner: Runner,
  prepared: Prepared,
  { mode, observed }: Job,
  fixed: FixedPointModel,
): Promise<RefinementStore | undefined> {
  if (config.cacheDistribution === undefined) return undefined
  const path = `${config.cacheDistribution.replace(/\.arrow$/, '')}.${mode}.refined.arrow`
  const belongs = await distributionKey(config, prepared, runner, observed.iteration)
  const key = createHash('sha256')
    .update(JSON.stringify([squireVersion(), level, belongs]))
    .update(scaleJson(fixed))
    .digest('hex')
  return {
    async load(plan) {
      const bytes = await bytesOf(path)
      const found = bytes && decodeRefinement(bytes, `the refinement ${path}`, plan, key)
      if (found !== undefined) reporter.info(`${mode}: its refinement comes from ${path}`)
      return found
    },
    save: (found) =>
      saveAll(dirname(path), new Map([[basename(path), encodeRefinement(found, key)]]), '--cache-distribution'),
  }
}

async function bytesOf(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readRegular(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SquireError('CACHE', `cannot read the refinement ${path}: ${messageOf(error)}`, { cause: error })
  }
}
