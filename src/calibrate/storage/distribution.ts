// The distribution cache and stats.arrow: one row for every tensor that is held as integers, observed or derived.

import { messageOf, SquireError } from '../../errors.js'
import { readRegular } from '../../files/regularFile.js'
import { bufferFrom, histogramsOf, type SomeStatistics, type StatisticsBuffer } from '../../histogram/buffer.js'
import { mergeAll } from '../../histogram/histogram.js'
import { mapHistogram } from '../../histogram/map.js'
import { decodeStatistics, encodeStatistics } from '../../histogram/statistics.js'
import type { Histogram } from '../../histogram/types.js'
import type { Plan, ScaleGroup } from '../../plan/types.js'
import { differences } from './key.js'

/** What a distribution belongs to. All of it must match for a cache to be used. */
export interface DistributionKey {
  readonly modelHash: string
  readonly datasetDigest: string
  /** Options that change the statistics, readable. */
  readonly options: string
}

export interface Distribution {
  /** Of the observed tensors. */
  readonly statistics: StatisticsBuffer
  readonly samples: number
  /** The same over the first half of the samples. */
  readonly firstHalf: SomeStatistics | undefined
  readonly floatMetric: number | undefined
}

/** The histogram of a scale group: the union of its sources', observed or derived. */
export function groupHistogram(
  plan: Plan,
  scaleGroup: ScaleGroup,
  histograms: ReadonlyMap<string, Histogram>,
): Histogram {
  const histogramOf = (name: string): Histogram => {
    const derived = plan.derived.get(name)
    return derived === undefined
      ? histograms.get(name)!
      : mapHistogram(mergeAll(derived.of.map(histogramOf)), derived.evaluate)
  }
  return mergeAll(scaleGroup.sources.map(histogramOf))
}

export function encodeDistribution(
  plan: Plan,
  distribution: Distribution,
  key: DistributionKey,
  version: string,
): readonly Uint8Array[] {
  const operators = new Map(plan.operators.flatMap(({ kind, outputs }) => outputs.map((name) => [name, kind] as const)))
  const histograms = histogramsOf(distribution.statistics)
  const derived = [...plan.groupOf].filter(([name]) => !histograms.has(name))
  return encodeStatistics({
    samples: distribution.samples,
    observed: distribution.statistics,
    firstHalf: distribution.firstHalf,
    derived: new Map(derived.map(([name, group]) => [name, groupHistogram(plan, group, histograms)])),
    describe: (name) => ({ operator: operators.get(name) ?? 'input', shape: plan.tensors.get(name)?.dims ?? [] }),
    metadata: {
      squire_version: version,
      model_hash: key.modelHash,
      dataset_digest: key.datasetDigest,
      options: key.options,
      samples: String(distribution.samples),
      float_metric: distribution.floatMetric === undefined ? '' : String(distribution.floatMetric),
    },
  })
}

/** Reads a cache; undefined when the file does not exist. Refuses one that belongs to something else, with the reason. */
export async function readDistribution(
  path: string,
  plan: Plan,
  key: DistributionKey,
): Promise<Distribution | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readRegular(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SquireError('CACHE', `cannot read the distribution cache ${path}: ${messageOf(error)}`, { cause: error })
  }
  const advice = 'Give another file to -cd, or delete this one to calibrate again.'
  return decodeDistribution(bytes, { name: `the distribution cache ${path}`, advice }, plan, key)
}

/** Where statistics come from, for messages. */
export interface StatisticsOrigin {
  readonly name: string
  /** What to do where they are of no use. */
  readonly advice: string
}

/** The statistics in the bytes of a file. @throws SquireError CACHE for those that belong to something else, with the reason */
export function decodeDistribution(
  bytes: Uint8Array,
  origin: StatisticsOrigin,
  plan: Plan,
  key: DistributionKey,
): Distribution {
  const { tensors, firstHalf, metadata } = decodeStatistics(bytes, origin.name)
  refuseForeign(origin, metadata, key)
  const { samples, float_metric: metric = '' } = metadata
  return {
    statistics: observedOnly(origin, plan, tensors),
    samples: numberIn(origin, 'samples', samples),
    firstHalf: firstHalf && {
      samples: firstHalf.samples,
      statistics: observedOnly(origin, plan, histogramsOf(firstHalf.statistics)),
    },
    floatMetric: metric === '' ? undefined : numberIn(origin, 'float_metric', metric),
  }
}

function observedOnly(
  { name: origin, advice }: StatisticsOrigin,
  plan: Plan,
  histograms: ReadonlyMap<string, Histogram>,
): StatisticsBuffer {
  const rows = plan.observed.map((name) => {
    const histogram = histograms.get(name)
    if (histogram !== undefined) return [name, histogram] as const
    throw new SquireError('CACHE', `${origin} lacks tensor "${name}". ${advice}`)
  })
  return { tensors: plan.observed, buffer: bufferFrom(new Map(rows)) }
}

function numberIn({ name: origin, advice }: StatisticsOrigin, name: string, text: string | undefined): number {
  const value = Number(text ?? Number.NaN)
  if (Number.isFinite(value)) return value
  throw new SquireError('CACHE', `${origin} has ${name} "${text ?? ''}", expected a number. ${advice}`)
}

function refuseForeign(
  { name, advice }: StatisticsOrigin,
  metadata: Readonly<Record<string, string>>,
  key: DistributionKey,
): void {
  const reasons = differences(
    { model: metadata.model_hash, data: metadata.dataset_digest, 'choice of samples': metadata.options },
    { model: key.modelHash, data: key.datasetDigest, 'choice of samples': key.options },
  )
  if (reasons.length === 0) return
  throw new SquireError('CACHE', `${name} does not belong to this run: ${reasons.join('; ')}. ${advice}`)
}
