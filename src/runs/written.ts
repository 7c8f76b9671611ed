// The files of a whole quantization. They appear together once all of them are made, or none of them does.

import { basename } from 'node:path'
import type { Prepared } from '../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../calibrate/runner.js'
import type { Config, QuantMode } from '../config/config.js'
import { choiceOf, mixJson, mixOfOperators } from '../config/mix.js'
import { rawBytes } from '../files/npy.js'
import { type Content, Staging } from '../files/save.js'
import { hasOwnWidth } from '../plan/groups.js'
import type { Report } from '../report/data/report.js'
import type { Layers } from '../report/data/types.js'
import { reportFiles } from '../report/files.js'
import { reportOf } from '../report/json.js'
import { runFacts } from '../report/runFacts.js'
import type { ModeResult, RunResult } from '../report/types.js'
import type { MixedRun } from './mix/index.js'
import { originOf } from './origin.js'
import { dumpFloat } from './quantization/dump.js'
import { type Context, type Outcome, saveOutcome } from './quantization/quantization.js'
import { statisticsFiles } from './quantization/statistics.js'
import { mixOf } from './quantization/widths.js'
import type { StageTimer } from './run.js'

/** What a run has found besides its quantizations. */
export interface Found {
  /** The model as the options ask for it, before widths are mixed. */
  readonly given: Prepared
  readonly observed: readonly CalibrationResult[]
  readonly mixed: MixedRun | undefined
  readonly layers: Layers
  readonly timer: StageTimer
  /** The mode that was solved first. */
  readonly firstMode: QuantMode
  readonly command: readonly string[] | undefined
}

interface WrittenRun {
  readonly run: RunResult
  readonly report: Report
}

/** @param outcomes the best first */
export async function writeRun(context: Context, outcomes: readonly Outcome[], found: Found): Promise<WrittenRun> {
  const staging = new Staging(context.config.saveDir)
  try {
    const written = await stage(context, outcomes, found, staging)
    await staging.commit()
    return written
  } catch (error) {
    await staging.discard()
    throw error
  }
}

async function stage(context: Context, outcomes: readonly Outcome[], found: Found, staging: Staging) {
  const { config, runner, prepared } = context
  const { given, observed, mixed, layers } = found
  const results: ModeResult[] = []
  for (const outcome of outcomes) results.push(await saveOutcome(context, outcome, staging))
  const run: RunResult = {
    saveDir: config.saveDir,
    results,
    mix: mixed?.record,
    skipped: runner.skipped,
    stageSeconds: found.timer.done(),
  }
  const data = { digest: await runner.digest(), samples: observed.at(-1)?.samples ?? 0 }
  const report = reportOf(run, config, { ...(await originOf(config, given.model)), data }, layers)
  await staging.add(await statisticsFiles(config, given, runner, observed))
  await staging.add(new Map(await inputFiles(runner)))
  if (config.dump) await staging.add(new Map(await dumpFloat(prepared)))
  const mixes = await mixFiles(context, found)
  await staging.add(mixes)
  for (const name of mixes.keys()) {
    context.reporter.info(`${name}: every operator's width and mode, as --mix-config takes them`)
  }
  await staging.add(await reportFiles(report, runFacts(run, config, found.command)))
  return { run, report }
}

/** The last input, as raw bytes. */
async function inputFiles(runner: Runner): Promise<[string, Content][]> {
  const feeds = Object.entries(await runner.lastFeeds())
  return feeds.map(([name, { data }]) => [`inputs/${name.replaceAll(/[/\\\0]/g, '_')}.bin`, rawBytes(data)])
}

/** Mixed configurations by their files' names: the one that was searched for, and the one that -gt asks for. */
async function mixFiles({ config, prepared }: Context, { mixed, firstMode }: Found): Promise<Map<string, string>> {
  const searched = mixed === undefined ? [] : [mixed.template]
  return new Map([...searched, ...(await templateFiles(config, prepared, firstMode))])
}

/** -gt: a mixed configuration that names every operator with the width and mode it has. */
async function templateFiles(config: Config, { plan }: Prepared, mode: QuantMode): Promise<[string, string][]> {
  if (!config.generateTemplate) return []
  const mix = await mixOf(config)
  const bits = new Map(plan.groups.flatMap((one) => one.tensors.map((name) => [name, one.bits] as const)))
  const operators = plan.operators.filter(hasOwnWidth).map((operator) => ({
    name: operator.name,
    bits: bits.get(operator.inputs[0] ?? operator.outputs[0]!)!,
    mode: (mix && choiceOf(mix, operator)?.['quant-mode']) ?? mode,
  }))
  return [[`${basename(config.model, '.onnx')}_mix.json`, mixJson(mixOfOperators(operators))]]
}
