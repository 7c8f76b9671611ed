// The result for machines. report.json is a function of model, samples and the options that decide the numbers: no times, no
// paths of this machine, no number of workers. What --json prints adds those that describe the run.

import { basename } from 'node:path'
import { type Config, decidingOptions } from '../config/config.js'
import { adviceOf } from './advice/index.js'
import type { Findings } from './advice/types.js'
import type { Origin, Report } from './data/report.js'
import type { Layers } from './data/types.js'
import type { RunResult } from './types.js'

/** The whole report. All of it is deterministic. */
export function reportOf(result: RunResult, config: Config, origin: Origin, layers: Layers): Report {
  const findings = {
    ...(JSON.parse(stringify(report(result, config))) as ReturnType<typeof report>),
    ...origin,
    ...layers,
  } as Findings
  return { ...findings, advice: adviceOf(findings) }
}

/** The content of report.json: the same bytes for the same model, samples and options. A list has one entry a line. */
export function reportJson(report: Report): string {
  const entries = Object.entries(report).map(([key, value]) => {
    if (!Array.isArray(value)) return `  ${JSON.stringify(key)}: ${stringify(value)}`
    const lines = value.map((one) => `    ${stringify(one)}`).join(',\n')
    return `  ${JSON.stringify(key)}: ${lines === '' ? '[]' : `[\n${lines}\n  ]`}`
  })
  return `{\n${entries.join(',\n')}\n}\n`
}

/** What --json prints. A model that -r infer runs is whatever it is, float or integer: it has a metric, as the library's infer says. */
export function resultJson(result: RunResult, config: Config): string {
  const measured = result.results.map(({ model, iteration, fixMetric }) => ({ model, iteration, metric: fixMetric }))
  const results = config.runMode === 'infer' ? measured : result.results
  const all = { ...report(result, config), results, saveDir: result.saveDir, stageSeconds: result.stageSeconds }
  return `${stringify(all, 2)}\n`
}

function report(result: RunResult, config: Config) {
  return {
    model: basename(config.model),
    options: decidingOptions(config),
    results: result.results,
    mix: result.mix,
    skipped: result.skipped,
  }
}

/** undefined becomes null, so that every key is there in every report. */
function stringify(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, entry) => (entry === undefined ? null : entry), indent)
}
