// What `squire --help` prints.

import { quantFlags } from './configure.js'
import { helpText } from './program.js'

export function quantHelp(): string {
  const usage = '[--chip NAME] quant [onnx] -m model.onnx [options]'
  const description = 'Quantizes an ONNX model for an edge chip. Same model, samples and options: same bytes, always.'
  return helpText(quantFlags, { usage, description }) + afterOptions()
}

function afterOptions(): string {
  const foreign = Object.entries(quantFlags.foreign).map(([long, { short }]) =>
    short === long ? `-${short}` : `-${short} --${long}`,
  )
  return `
Examples:
  squire quant -m model.onnx -d images/ -i 500 -qm all -s out
  squire --chip TX5105C quant onnx -m model.onnx -uds data.mjs -if photos -i 100 --eval-iteration all
  squire quant -r infer -m out/model_quantize.onnx -uds data.mjs -if photos -i all

Options of Knight's for other chips and frameworks, each an error that says so:
  ${foreign.join(', ')}
`
}
