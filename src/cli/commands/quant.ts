// `squire quant`: Knight's command. A supervisor runs it in a process of its own, and again from its checkpoint should that process crash.

import { foreign } from '../../config/foreign.js'
import { configure, quantOptions } from '../configure.js'
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
    const { engineVariable, restartVariable, supervise } = await import('../../supervisor.js')
    const workspace = process.env[engineVariable]
    if (workspace === undefined) return supervise(argv)
    const { runEngine } = await import('../engine.js')
    return runEngine(configured, { workspace, restarted: process.env[restartVariable] !== undefined, command: argv })
  },
}
