// Runs in this process: what a command line does but for its own process, in a third of the time.

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { explain, statusOf } from '../../src/cli/explain.js'
import type { Config } from '../../src/config/config.js'
import { encodeModel } from '../../src/onnx/model.js'
import type { ModelProto } from '../../src/onnx/types.js'
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

/** For runs in which modes, zero points and the comparison of layers are not the subject. */
const plainly: Readonly<Record<string, string>> = { '-qm': 'mse', '--zero-points': 'none', '--compare-iteration': '0' }

/** Quantizes a model by one worker in a folder of its own: the only result, what was written and what was said. */
export async function quantizeHere(folder: string, model: ModelProto | Uint8Array | string, ...words: string[]) {
  const own = mkdtempSync(join(folder, 'run-'))
  const path = typeof model === 'string' ? model : `${own}.onnx`
  if (typeof model !== 'string') writeFileSync(path, 'graph' in model ? encodeModel(model) : model)
  const defaults = Object.entries(plainly).flatMap((pair) => (words.includes(pair[0]) ? [] : pair))
  const { said, result } = await runHere(['-m', path, '-s', own, '-cn', '1', ...defaults, ...words])
  const { results, skipped } = result
  const written = (end: string) => readFileSync(join(own, results[0]!.files.find((file) => file.endsWith(end))!))
  return { said, result: results[0]!, skipped, written }
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
