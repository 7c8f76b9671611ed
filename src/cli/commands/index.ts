// Every command of squire. To add one, write a file beside this one and add a line here: help and completion follow.

import { nearest } from '../../config/nearest.js'
import { listed, SquireError } from '../../errors.js'
import { isOption } from '../argv.js'
import type { Commands } from './types.js'

export const commands: Commands = {
  quant: {
    summary: 'quantize a model, or run one with -r infer',
    load: async () => (await import('./quant.js')).quant,
  },
  calibrate: {
    summary: 'the calibration of a run alone, or a share of it',
    load: async () => (await import('./share.js')).calibrate,
  },
  evaluate: {
    summary: 'the evaluation of a run alone, or a share of it',
    load: async () => (await import('./share.js')).evaluate,
  },
  merge: {
    summary: 'merge the parts that calibrate or evaluate wrote',
    load: async () => (await import('./merge.js')).merge,
  },
  cluster: {
    summary: 'run a quantization on several machines: Slurm, Kubernetes or GNU parallel',
    load: async () => (await import('./cluster.js')).cluster,
  },
  compare: {
    summary: 'compare a quantization with its float model, tensor by tensor',
    load: async () => (await import('./compare.js')).compare,
  },
  info: {
    summary: 'say what a model is, and how it was quantized',
    load: async () => (await import('./info.js')).info,
  },
  report: {
    summary: 'make the report of a run again, or compare two runs',
    load: async () => (await import('./report.js')).report,
  },
  doctor: {
    summary: 'say what this machine has, and whether models run on it',
    load: async () => (await import('./doctor.js')).doctor,
  },
  completion: {
    summary: 'print the completion script of a shell: bash, zsh or fish',
    load: async () => (await import('./completion.js')).completion,
  },
}

/** The command that a command line is for: quant, whose options may stand before its name, where no other is named first. @throws SquireError USAGE */
export function commandOf(argv: readonly string[]): { readonly name: string; readonly rest: readonly string[] } {
  const [first = 'quant'] = argv
  if (first === 'quant' || isOption(first)) return { name: 'quant', rest: argv }
  if (Object.hasOwn(commands, first)) return { name: first, rest: argv.slice(1) }
  const names = Object.keys(commands)
  const near = nearest(first, names)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  throw new SquireError('USAGE', `unknown command "${first}": expected ${listed(names)}${hint}`)
}
