// A quantization with zero points folded into biases: what a policy makes of calibrated thresholds.

import { type ZeroPointPolicy, zeroPointPolicies } from '../../config/config.js'
import { type Folded, foldZeroPoints } from '../../offsets/foldZeroPoints.js'
import type { Offset } from '../../offsets/range.js'
import type { PlanOptions } from '../../plan/options.js'
import type { Reporter, ZeroPointRecord } from '../../report/types.js'
import type { GroupHistogram } from '../../solve/groups.js'
import type { GivenZeroPoints } from '../given/given.js'
import type { Job } from './quantization.js'

/** A quantization before anything is said of its zero points. */
export interface Thresholded {
  /** Symmetric, every tensor. */
  readonly job: Job
  readonly groups: readonly GroupHistogram[]
  /** Thresholds of the groups without negative values, solved for 255 codes. */
  readonly oneSided: ReadonlyMap<string, number>
  readonly zeroPoints: GivenZeroPoints
  readonly options: PlanOptions
}

export const NO_ZERO_POINTS: ZeroPointRecord = { policy: 'none', groups: 0, pads: 0, sums: 0 }

/** The quantization as a policy makes it. */
export function withZeroPoints(thresholded: Thresholded, policy: ZeroPointPolicy): Job {
  const { job, zeroPoints } = thresholded
  const { prepared } = job
  const symmetric = { ...job, zeroPoints: { ...NO_ZERO_POINTS, policy } }
  if (zeroPoints.kind === 'folded') {
    const held = zeroPoints.offsets.size === 0 ? prepared.plan : { ...prepared.plan, offsets: zeroPoints.offsets }
    return { ...symmetric, prepared: { ...prepared, plan: held } }
  }
  const folded = fold(thresholded, policy)
  return folded === undefined ? symmetric : foldedJob(job, folded, policy)
}

/** What each policy makes, without those that make the same as one before them: the symmetric quantization comes first. */
export function everyPolicy(thresholded: Thresholded): Job[] {
  const jobs = zeroPointPolicies.map((policy) => withZeroPoints(thresholded, policy))
  const [none, unpadded, all] = jobs as [Job, Job, Job]
  const folded = [unpadded, all].filter(({ zeroPoints }) => zeroPoints.groups > 0)
  const { pads, sums, groups } = all.zeroPoints
  const same = pads + sums === 0 && groups === unpadded.zeroPoints.groups
  return [none, ...(same ? folded.slice(0, 1) : folded)]
}

function fold(
  { job, groups, oneSided, zeroPoints, options }: Thresholded,
  policy: ZeroPointPolicy,
): Folded | undefined {
  const { thresholds } = job
  const { staticModel, plan } = job.prepared
  return foldZeroPoints({
    ...{ model: staticModel, plan, thresholds, oneSided, policy, options },
    histograms: new Map(groups.map(({ scaleGroup, histogram }) => [scaleGroup.name, histogram])),
    given: zeroPoints.kind === 'exact' ? zeroPoints.offsets : undefined,
    wished: zeroPoints.kind === 'wished' ? zeroPoints.wished : undefined,
  })
}

function foldedJob(job: Job, folded: Folded, policy: ZeroPointPolicy): Job {
  const { proto, plan, tensors, thresholds, groups, pads, sums } = folded
  const { model, staticModel } = job.prepared
  const models = { model: { ...model, proto }, staticModel: { ...staticModel, proto } }
  const prepared = { ...job.prepared, ...models, plan, tensors }
  return { ...job, thresholds, zeroPoints: { policy, groups, pads, sums }, prepared }
}

/** Says how many tensors have a zero point, and which zero points of the model biases cannot take in. */
export function reportZeroPoints(
  { job: { prepared: symmetric }, zeroPoints }: Thresholded,
  job: Job,
  reporter: Reporter,
): void {
  const { groups, pads, sums } = job.zeroPoints
  if (zeroPoints.kind === 'wished') warnOfSymmetric(zeroPoints.wished, job, reporter)
  if (groups === 0) return
  const all = symmetric.plan.groups.length
  reporter.info(
    `${job.mode}: ${groups} of ${all} scales have a zero point; Pad nodes added: ${pads}${sums === 0 ? '' : `, sums behind products: ${sums}`}`,
  )
}

function warnOfSymmetric(wished: ReadonlyMap<string, Offset>, { prepared: { plan } }: Job, reporter: Reporter): void {
  const symmetric = [...wished.keys()].filter((name) => plan.offsets?.has(name) !== true)
  if (symmetric.length === 0) return
  const named = symmetric.length > 10 ? [...symmetric.slice(0, 10), `and ${symmetric.length - 10} more`] : symmetric
  reporter.warn(
    `zero points of ${symmetric.length} tensors have no place in the biases of the operators around them; a symmetric range that holds ` +
      `the same values takes their place: ${named.join(', ')}`,
  )
}
