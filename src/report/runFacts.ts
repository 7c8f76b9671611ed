// run.json: what is different each time that the same model is quantized on the same data.

import type { Config } from '../config/config.js'
import { squireVersion } from '../version.js'
import type { RunFacts } from './data/report.js'
import type { RunResult } from './types.js'

/** @param command the words of the command line; undefined for a call of the library */
export function runFacts(result: RunResult, { cpuNum }: Config, command: readonly string[] | undefined): RunFacts {
  return {
    command: command ?? null,
    squire: squireVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    workers: cpuNum,
    stageSeconds: result.stageSeconds,
    ended: new Date().toISOString(),
  }
}
