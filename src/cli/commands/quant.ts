// `squire quant`: Knight's command. A supervisor runs it in a process of its own, and again from its checkpoint should that process crash.

import type { Config, RunMode } from '../../config/config.js'
import { foreign } from '../../config/foreign.js'
import { exitCodes, SquireError } from '../../errors.js'
import { saveAll } from '../../files/save.js'
import type { RunResult } from '../../report/types.js'
import { configure, quantOptions } from '../configure.js'
import type { Task } from '../engine.js'
import { supervised } from '../supervised.js'
import type { Command } from './types.js'

export const quant: Command = {
  usage: '[--chip NAME] quant [onnx] -m model.onnx [options]',
  description: 'Quantizes an ONNX model for an edge chip. Same model, samples and options: same bytes, always.',
  options: quantOptions,
  foreign,
  epilogue: `
Examples:
  squire quant -m model.onnx -d images/ -i 500 -qm all -s out
  squire --chip TX5105C quant onnx -m model.onnx -uds data.mjs -if photos -i 100 --eval-iteration all
  squire quant -r infer -m out/model_quantize.onnx -uds data.mjs -if photos -i all

Options of Knight's for other chips and frameworks, each an error that says so:
  ${Object.entries(foreign)
    .map(([long, { short }]) => (short === long ? `-${short}` : `-${short} --${long}`))
    .join(', ')}
`,
  async run(argv) {
    const configured = await configure(argv)
    refuseShare(configured.config)
    if (configured.config.runMode === 'compare') return (await import('./compare.js')).compareSaved(configured)
    return supervised(argv, configured, task)
  },
}

const task: Task<RunResult> = {
  async run(config, reporter, options) {
    const pipeline = await pipelineOf(config.runMode)
    return pipeline(config, reporter, options)
  },
  async conclude(result, { runMode, saveDir }, reporter) {
    await reporter.results(result)
    if (runMode !== 'infer') await saveAll(saveDir, new Map([[`log/${runMode}.log`, reporter.log()]]))
    return everyFailed(result) ? exitCodes.FIXED_POINT : 0
  },
}

async function pipelineOf(mode: RunMode) {
  switch (mode) {
    case 'infer':
      return (await import('../../runs/infer.js')).infer
    case 'convert':
      return (await import('../../runs/convert.js')).convert
    default:
      return (await import('../../runs/quantize.js')).quantize
  }
}

/** A quantization that fails beside others is a line of the table; when all fail the run has. */
function everyFailed({ results }: RunResult): boolean {
  return results.length > 0 && results.every(({ error }) => error !== undefined)
}

function refuseShare({ part, output }: Config): void {
  if (part === undefined && output === undefined) return
  throw new SquireError(
    'USAGE',
    `${part === undefined ? '--output (-o)' : '--part'} is for \`squire calibrate\` and \`squire evaluate\`, whose parts \`squire merge\` puts together for --stats and --evaluation`,
  )
}
