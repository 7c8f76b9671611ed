// One whole run (calibration, thresholds, export, evaluation, comparison) in a process of its own, which runs as the command runs its engine.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { engineEnvironment } from '../src/supervisor.js'

export interface WholeRun {
  readonly seconds: number
  /** Seconds in which the main thread was not waiting. */
  readonly mainThreadSeconds: number
  /** The first word of a pass's title, as "calibrating" -> seconds of all passes over the data with such a title. */
  readonly passSeconds: Readonly<Record<string, number>>
  readonly maxRssMb: number
  /** Of the files that have to be the same each time. */
  readonly digest: string
}

const run = promisify(execFile)
const script = fileURLToPath(new URL('./wholeRunProcess.js', import.meta.url))

/** @param words as for `squire`, without a save-dir */
export async function wholeRun(words: readonly string[]): Promise<WholeRun> {
  const { stdout } = await run(process.execPath, [script, ...words], { env: engineEnvironment(process.env) })
  return JSON.parse(stdout)
}

/** Words for a run on `samples` samples of a dataset or infer function of the benches, whose `-d` is "SAMPLES,DIMS". */
export function wordsFor(
  { model, dims }: { readonly model: string; readonly dims: readonly number[] },
  samples: number,
  [file, exported]: readonly [file: string, exported: string],
): string[] {
  const data = ['-uds', fileURLToPath(new URL(file, import.meta.url)), '-if', exported, '-d', [samples, ...dims].join()]
  return ['quant', '-m', model, ...data, '-i', String(samples)]
}
