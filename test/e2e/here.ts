// Runs in this process: what a command line does but for its own process, in a third of the time.

import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { explain, statusOf } from '../../src/cli/explain.js'
import type { Config } from '../../src/config/config.js'
import { type Reporter, silentReporter } from '../../src/report/types.js'
import { convert } from '../../src/runs/convert.js'
import { infer } from '../../src/runs/infer.js'
import { quantize } from '../../src/runs/quantize.js'

const pipelines = { quant: quantize, auto_quant: quantize, infer, convert, compare: undefined }

/** Runs a configuration of any mode but compare: its result, and all that was said, with the titles of its progress bars. */
export async function runConfig(config: Config) {
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  const progress: Reporter['progress'] = (title, total, unit) => {
    say(title)
    return silentReporter.progress(title, total, unit)
  }
  const result = await pipelines[config.runMode]!(config, { ...silentReporter, info: say, warn: say, progress })
  return { result, said: said.join('\n') }
}

/** Runs `squire quant` with these words. */
export async function runHere(words: readonly string[]) {
  const { config } = await configure(['quant', ...words])
  return runConfig(config)
}

/** Runs what must fail with `status` and a message of squire's, and must leave no save-dir. Gives the message. */
export async function refusedHere(folder: string, status: number, words: readonly string[]): Promise<string> {
  const saveDir = join(mkdtempSync(join(folder, 'refused-')), 'out')
  const error = await runHere(['-s', saveDir, '-cn', '1', ...words]).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(Error)
  const message = explain(error, false)
  expect(message).toMatch(/^error: /)
  expect(message).not.toMatch(/\n\s+at |internal error/)
  expect(statusOf(error)).toBe(status)
  expect(existsSync(saveDir)).toBe(false)
  return message
}
