// Every option of the command line, in one table: the translation of Knight's short names, the parser, --help and the error
// messages all read it. Keys are the long names; `short` is Knight's, written with one dash however many letters it has.

import { availableParallelism } from 'node:os'
import { badSamplePolicies, colorSpaces, quantModes, runModes } from '../config.js'
import { chipNames } from '../fixedpoint/chip.js'
import { either, integer, oneOf, real, text, type Value } from './values.js'

export const groups = ['Model and output', 'Data', 'Quantization', 'Evaluation', 'Image files as data', 'Run'] as const
export type Group = (typeof groups)[number]

interface Described {
  /** Knight's short name, without its dash; undefined for squire's own options. */
  readonly short: string | undefined
  readonly group: Group
  readonly help: string
}

export interface Switch extends Described {
  readonly kind: 'switch'
}

export interface One<T, D> extends Described {
  readonly kind: 'one'
  readonly value: Value<T>
  readonly fallback: D
}

export interface Several<T, D> extends Described {
  readonly kind: 'several'
  readonly value: Value<T>
  readonly fallback: D
}

/** A name that Knight knows and squire does not do: using it is an error that says so. */
export interface Refused {
  readonly kind: 'refused'
  readonly short: string | undefined
  /** Completes "--name ...". */
  readonly why: 'is not supported yet' | 'is not for this chip' | 'is for frameworks other than ONNX'
}

export type Flag = Switch | One<unknown, unknown> | Several<unknown, unknown> | Refused

const flag = (short: string | undefined, group: Group, help: string): Switch => ({ kind: 'switch', short, group, help })

function one<T, const D extends T | undefined = undefined>(
  short: string | undefined,
  group: Group,
  value: Value<T>,
  help: string,
  fallback?: D,
): One<T, D> {
  return { kind: 'one', short, group, value, help, fallback: fallback as D }
}

function several<T, const D extends readonly T[] | undefined = undefined>(
  short: string | undefined,
  group: Group,
  value: Value<T>,
  help: string,
  fallback?: D,
): Several<T, D> {
  return { kind: 'several', short, group, value, help, fallback: fallback as D }
}

const notYet = (short?: string): Refused => ({ kind: 'refused', short, why: 'is not supported yet' })
const otherChip = (short: string): Refused => ({ kind: 'refused', short, why: 'is not for this chip' })
const otherFramework = (short: string): Refused => ({
  kind: 'refused',
  short,
  why: 'is for frameworks other than ONNX',
})

const fraction = real('P', 'a number above 0 and at most 1', (p) => p > 0 && p <= 1)
const number = real('X', 'a number', () => true)
const positive = real('X', 'a number above 0', (x) => x > 0)

export const frameworks = ['onnx', 'pytorch', 'paddle', 'tensorflow', 'caffe'] as const

export const flags = {
  model: one('m', 'Model and output', text('FILE', 'a path'), 'the float ONNX model (required)'),
  'save-dir': one('s', 'Model and output', text('DIR', 'a path'), 'output folder', 'squire_out'),
  chip: one(
    'ch',
    'Model and output',
    oneOf('NAME', chipNames),
    'chip to quantize for; before or after `quant`',
    'TX5105C',
  ),
  'bit-width': one('b', 'Model and output', integer('N', 1), 'bits of activations; the chip must have them', 8),
  'output-dequant': flag(
    'od',
    'Model and output',
    'real-valued outputs (default: float-typed integers, times a scale)',
  ),
  'generate-scale-json': flag('gsj', 'Model and output', 'accepted; squire always writes the scales as JSON'),
  framework: one(
    'f',
    'Model and output',
    oneOf('NAME', frameworks),
    'for all but onnx, an error that names the ONNX exporter',
    'onnx',
  ),

  'user-defined-script': one('uds', 'Data', text('FILE', 'a path'), 'ES module (.mjs, .js, .ts) that brings the data'),
  'infer-func': one(
    'if',
    'Data',
    text('NAME', 'the name of an export'),
    'its export: a dataset or an infer function (default without -d: infer_auto, random inputs)',
  ),
  data: one(
    'd',
    'Data',
    text('PATH', 'a path'),
    'handed to the script; without -uds: the dataset itself, a folder or file',
  ),
  samples: one(undefined, 'Data', integer('N', 1), 'draw N samples by a seeded hash of their names (default: all)'),
  'per-class': one(undefined, 'Data', integer('N', 1), 'draw N samples of each class'),
  seed: one(undefined, 'Data', integer('N', 0), 'seed of --samples and --per-class', 0),
  'on-bad-sample': one(
    undefined,
    'Data',
    oneOf('WHAT', badSamplePolicies),
    'stop at a bad sample, or skip and list it',
    'error',
  ),

  'quant-mode': several(
    'qm',
    'Quantization',
    oneOf('MODE', [...quantModes, 'all']),
    'how thresholds are chosen; several: one quantization each',
    ['kl'],
  ),
  percent: one('per', 'Quantization', fraction, 'share of the values that mode percentile keeps', 0.99999),
  iteration: several(
    'i',
    'Quantization',
    either(['all'], integer('N', 1)),
    'forward passes to calibrate on; several: one quantization each; all: the whole dataset (default: 1; all with --samples or --per-class)',
    undefined,
  ),
  'batch-size': one(
    'bs',
    'Quantization',
    integer('N', 1),
    'samples a forward pass, for models with a dynamic batch',
    1,
  ),
  'cache-distribution': one(
    'cd',
    'Quantization',
    text('FILE', 'a path'),
    'statistics cache: used if it is there and fits, else written',
  ),
  'accelerate-model': flag('am', 'Quantization', 'accepted; squire always does this'),

  'run-mode': one('r', 'Evaluation', oneOf('MODE', runModes), 'infer only runs the model and its metric', 'quant'),
  'eval-iteration': one(
    undefined,
    'Evaluation',
    either(['all'], integer('N', 1)),
    'forward passes to evaluate on (default: as -i)',
  ),

  'color-space': one(undefined, 'Image files as data', oneOf('NAME', colorSpaces), 'channel order', 'BGR'),
  'image-mean': several(
    undefined,
    'Image files as data',
    number,
    'subtracted, on the 0-255 scale: one, or one a channel',
  ),
  'image-std': several(undefined, 'Image files as data', positive, 'then divided by: one, or one a channel'),
  'padding-constant-value': one(
    undefined,
    'Image files as data',
    integer('N', 0, 255),
    'keep the aspect ratio and pad with N (default: stretch)',
  ),

  'cpu-num': one(
    'cn',
    'Run',
    integer('N', 1),
    'worker threads (Knight: 5); no result depends on it',
    availableParallelism(),
  ),
  resume: flag(undefined, 'Run', 'continue an interrupted run from its checkpoint'),
  json: flag(undefined, 'Run', 'only the result, as JSON, on stdout; everything else on stderr'),
  'log-level': one(
    'l',
    'Run',
    integer('N', 0, 3),
    'least that is shown: 0 DEBUG, 1 INFO, 2 WARNING, 3 ERROR (Knight: 3, which hides warnings); stages and results always are',
    1,
  ),
  help: flag('h', 'Run', 'this text'),
  version: flag('v', 'Run', "squire's version"),

  'run-config': notYet('rc'),
  'load-scale-json': notYet('lsj'),
  'ir-batch': notYet('ib'),
  dump: notYet('du'),
  'generate-template': notYet('gt'),
  'mix-config': notYet('mc'),
  'lut-len': notYet('ll'),
  'layer-threshold': notYet('lt'),
  'quantize-input-dtype': notYet('qid'),
  mean: notYet(),
  std: notYet(),
  'input-shapes': notYet('is'),
  'unify-input-scale': notYet('uis'),
  'auto-mix-ratio': notYet('amr'),
  'auto-mix-strategy': notYet('ams'),
  'output-name': notYet('on'),
  'opset-version': notYet('ov'),
  'disable-onnxsim': notYet('do'),
  'spin-quant': otherChip('sp'),
  'ts-drop': otherChip('td'),
  'weight-mode': otherChip('wm'),
  w: otherFramework('w'),
  snn: otherFramework('snn'),
  enn: otherFramework('enn'),
  c2chw: otherFramework('c2chw'),
} as const satisfies Readonly<Record<string, Flag>>

export type FlagName = keyof typeof flags

type ValueOf<F> = F extends Switch
  ? boolean
  : F extends One<infer T, infer D>
    ? T | D
    : F extends Several<infer T, infer D>
      ? readonly T[] | (D extends undefined ? undefined : never)
      : never

/** What the command line said, with defaults filled in; undefined where an option has none and was not given. */
export type FlagValues = {
  readonly [N in FlagName as (typeof flags)[N] extends Refused ? never : N]: ValueOf<(typeof flags)[N]>
}

/** `--quant-mode (-qm)`, for messages. */
export function display(name: string): string {
  const { short } = (flags as Readonly<Record<string, Flag>>)[name]!
  if (short === undefined) return `--${name}`
  return short === name ? `-${short}` : `--${name} (-${short})`
}
