// The integer models of a run, measured: several at once over the same samples, as many as a worker has room for.

import { rm } from 'node:fs/promises'
import { SquireError } from '../../errors.js'
import { evaluationOf, lossLine } from '../../evaluate/evaluate.js'
import type { FixedPointModel } from '../../plan/types.js'
import type { Solved } from './quantization.js'
import { type Context, integerFile, type Job, type Outcome } from './quantization.js'
import { roomFor } from './room.js'

interface Made {
  readonly job: Job
  readonly fixed: FixedPointModel
}

/** In the order of `solved`. */
export async function measureJobs(context: Context, solved: readonly Solved[]): Promise<Outcome[]> {
  const outcomes = new Map<Job, Outcome>()
  const made = solved.flatMap(({ job, fixed }): Made[] => {
    if (!(fixed instanceof SquireError)) return [{ job, fixed }]
    context.reporter.warn(`${job.mode}, -i ${job.observed.iteration}: ${fixed.message}`)
    outcomes.set(job, { job, made: fixed })
    return []
  })
  for (const group of groupsOf(made, roomFor(context.prepared))) {
    for (const outcome of await measureGroup(context, group)) outcomes.set(outcome.job, outcome)
  }
  return solved.map(({ job }) => outcomes.get(job)!)
}

/** Runs of at most `most` quantizations of one `-i` value. */
function groupsOf(made: readonly Made[], most: number): Made[][] {
  const groups: Made[][] = []
  for (const one of made) {
    const last = groups.at(-1)
    const fits = last !== undefined && last.length < most && last[0]!.job.observed === one.job.observed
    if (fits) last.push(one)
    else groups.push([one])
  }
  return groups
}

async function measureGroup(context: Context, group: readonly Made[]): Promise<Outcome[]> {
  const { reporter, measure, several } = context
  for (const one of group) announce(context, one)
  const { floatMetric } = group[0]!.job.observed
  // Without a float metric there is nothing to compare with.
  const files =
    floatMetric === undefined ? [] : await Promise.all(group.map(({ job, fixed }) => integerFile(context, job, fixed)))
  const metrics = files.length === 0 ? [] : await measure(group.map(({ job }, i) => ({ job, file: files[i]! })))
  for (const { path } of files) for (const written of [path, `${path}.data`]) await rm(written, { force: true })
  return group.map(({ job, fixed }, i) => {
    const evaluation = evaluationOf(floatMetric, metrics[i])
    // Of the only quantization the results say it.
    if (several) reporter.info(`end ${job.mode}, -i ${job.observed.iteration}: ${lossLine(evaluation)}`)
    return { job, made: { fixed, evaluation } }
  })
}

function announce({ reporter, several, warned }: Context, { job, fixed }: Made): void {
  if (several) reporter.info(`start ${job.mode}, -i ${job.observed.iteration}`)
  for (const warning of fixed.warnings) {
    if (!warned.has(warning)) reporter.warn(warning)
    warned.add(warning)
  }
}
