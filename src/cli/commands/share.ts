// `squire calibrate` and `squire evaluate`: the long stages of `squire quant` by themselves, whole or in shares for several machines.

import type { Config } from '../../config/config.js'
import { foreign } from '../../config/foreign.js'
import { SquireError } from '../../errors.js'
import type { ShareResult } from '../../shares/output.js'
import { configure, quantOptions } from '../configure.js'
import type { Task } from '../engine.js'
import { supervised } from '../supervised.js'
import type { Command } from './types.js'

export const calibrate = shareCommand(
  'calibrate',
  'Runs the float model over the samples, or one share of them, and writes its statistics as a part. It takes the options of `squire quant`.',
  async (config, reporter, options) =>
    (await import('../../shares/calibrateShare.js')).calibrateShare(config, reporter, options),
)

export const evaluate = shareCommand(
  'evaluate',
  'Measures the integer models of a run over the samples, or one share of them, and writes a part. It takes the options of `squire quant`, and --stats.',
  async (config, reporter, options) =>
    (await import('../../shares/evaluateShare.js')).evaluateShare(config, reporter, options),
)

function shareCommand(name: string, description: string, run: Task<ShareResult>['run']): Command {
  return {
    usage: `${name} -m model.onnx [options of squire quant] --part I/N -o FILE`,
    description,
    options: quantOptions,
    foreign,
    epilogue: `
Example, on two machines that share a folder:
  squire calibrate -m model.onnx -d images/ -i 500 --part 1/2 -o stats-1.arrow
  squire calibrate -m model.onnx -d images/ -i 500 --part 2/2 -o stats-2.arrow
  squire merge stats-1.arrow stats-2.arrow -o stats.arrow
  squire quant -m model.onnx -d images/ -i 500 --stats stats.arrow -s out
`,
    run: async (argv) => {
      const configured = await configure(['quant', ...argv])
      refuseOtherRuns(name, configured.config)
      return supervised([name, ...argv], configured, { run, conclude })
    },
  }
}

function refuseOtherRuns(name: string, { runMode }: Config): void {
  if (runMode === 'quant') return
  throw new SquireError('USAGE', `--run-mode (-r) ${runMode}: \`squire ${name}\` is a step of --run-mode (-r) quant`)
}

const conclude: Task<ShareResult>['conclude'] = async (result, { json }) => {
  const { path, samples, skipped, reused } = result
  const told = reused ? 'was there already' : `${samples} ${samples === 1 ? 'sample' : 'samples'}, ${skipped} skipped`
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${path}: ${told}\n`)
  return 0
}
