// `squire info`: what a model is, and for one that squire wrote how it was quantized.

import { option } from '../../config/option.js'
import { flag } from '../../config/values.js'
import { SquireError } from '../../errors.js'
import { readCommandLine } from '../commandLine.js'
import { print } from '../print.js'
import type { Command } from './types.js'

const group = 'What is shown'

const options = {
  dequantScales: option(flag, {
    long: 'dequant-scales',
    short: 'ds',
    group,
    help: 'outputs with their dequantization coefficients only',
    fallback: false,
  }),
  quantInfo: option(flag, {
    long: 'quant-info',
    short: 'qi',
    group,
    help: 'how the model was quantized only',
    fallback: false,
  }),
  json: option(flag, { long: 'json', group, help: 'everything, as JSON', fallback: false }),
} as const

export const info: Command = {
  usage: 'info MODEL | DIR [options]',
  description:
    'Says what a model is: inputs, outputs, operators, sizes, and how squire quantized it. Of the folder of a run, its integer model.',
  options,
  async run(argv) {
    const { operands, values } = readCommandLine(argv, options)
    const [model, ...rest] = operands
    if (model === undefined || rest.length > 0) {
      throw new SquireError('USAGE', 'squire info: expected one model or the folder of a run, as in\n  squire info out')
    }
    const { modelFacts } = await import('../../runs/modelFacts.js')
    const facts = await modelFacts(model)
    if (values.json) return print(`${JSON.stringify(facts, undefined, 2)}\n`)
    const { factLines } = await import('../../report/text/modelFacts.js')
    const parts =
      values.dequantScales || values.quantInfo
        ? { outputs: values.dequantScales, quantization: values.quantInfo }
        : undefined
    return print(`${factLines(facts, parts).join('\n')}\n`)
  },
}
