// How thresholds are found.

import { option } from '../option.js'
import { either, flag, integer, mapped, oneOf, path, real, several } from '../values.js'
import {
  inputDtypes,
  type ModeChoice,
  measuring,
  quantizing,
  quantModes,
  refinements,
  zeroPointChoices,
} from './words.js'

const group = 'Quantization'

const fraction = real('P', 'a number above 0 and at most 1', (p) => p > 0 && p <= 1)

const positive = real('X', 'a number above 0', (x) => x > 0)

/** In table order, without repeats. */
const modes = mapped(several(oneOf('MODE', [...quantModes, 'all', 'auto'])), (given): readonly ModeChoice[] => [
  ...quantModes.filter((mode) => given.includes(mode) || given.includes('all')),
  ...(given.includes('auto') ? (['auto'] as const) : []),
])

/** Ascending, without repeats; "all" is checked to stand alone in rules.ts. */
const iterations = mapped(several(either(['all'], integer('N', 1))), (given): readonly (number | 'all')[] =>
  [...new Set(given)].sort((a, b) => Number(a) - Number(b)),
)

export const quantizationOptions = {
  /** The methods that choose thresholds; one quantization each. */
  modes: option(modes, {
    long: 'quant-mode',
    short: 'qm',
    runs: quantizing,
    group,
    help: 'how thresholds are chosen; several: one quantization each; auto: the method that comes nearest to the float model',
    fallbackInWords: 'auto; min_max at 16 bit',
  }),
  /** Fraction of the values that mode percentile keeps, 0 < p <= 1. */
  percent: option(fraction, {
    long: 'percent',
    short: 'per',
    runs: quantizing,
    group,
    help: 'share of the values that mode percentile keeps',
    fallback: 0.99999,
  }),
  /** Which ranges that are not symmetric use all codes. */
  zeroPoints: option(oneOf('WHICH', zeroPointChoices), {
    long: 'zero-points',
    runs: quantizing,
    group,
    help: "zero points folded into biases, so that ranges like a Relu's use all codes; unpadded: where no Pad node is needed; auto: where samples gain",
    fallback: 'auto',
  }),
  /** Whether channels are scaled in the float model, where that makes less noise. */
  equalize: option(flag, {
    long: 'equalize',
    runs: quantizing,
    group,
    help: 'scale the channels of tensors between operators with weights, so that small channels use more codes, where calibration samples confirm that it gains',
    fallback: false,
  }),
  /** Whether an operator that would run in float is an error. */
  strict: option(flag, {
    long: 'strict',
    decides: false,
    runs: quantizing,
    group,
    help: 'an error that lists them where operators would run in float',
    fallback: false,
  }),
  /** What calibration samples make better once thresholds are chosen. */
  refine: option(oneOf('LEVEL', refinements), {
    long: 'refine',
    runs: quantizing,
    group,
    help: 'what is made better from the calibration samples once scales are known; fast: biases; best: integer weights with their biases, else biases; or one of the two alone',
    fallback: 'none',
  }),
  /** Forward passes to calibrate on, one quantization for each number; 'all': every selected sample of a dataset. */
  iterations: option(iterations, {
    long: 'iteration',
    short: 'i',
    group,
    help: 'forward passes to calibrate on; several: one quantization each; all: the whole dataset',
    fallbackInWords: '1; all with --samples or --per-class',
  }),
  /** Samples a forward pass, for models with a dynamic batch. */
  batchSize: option(integer('N', 1, 65536), {
    long: 'batch-size',
    short: 'bs',
    group,
    help: 'samples a forward pass, for models with a dynamic batch',
    fallback: 1,
  }),
  /** Path of the statistics cache. */
  cacheDistribution: option(path('FILE'), {
    long: 'cache-distribution',
    decides: false,
    short: 'cd',
    runs: quantizing,
    group,
    help: 'statistics cache: used if it is there and fits, else written',
  }),
  /** Path of a scale JSON: its scales are used, none is calibrated. */
  loadScaleJson: option(path('FILE'), {
    long: 'load-scale-json',
    short: 'lsj',
    runs: quantizing,
    group,
    decides: false,
    help: 'use the scales of this file; the data then serve the metric alone',
  }),
  /** Type of each input of the quantized model; one for all. The integers are the real values. */
  quantizeInputDtype: option(several(oneOf('TYPE', inputDtypes)), {
    long: 'quantize-input-dtype',
    short: 'qid',
    runs: measuring,
    group,
    help: 'type of the inputs of the quantized model, one or one for each: integers are taken as they are; None: float-typed integers (default: float32)',
  }),
  /** Largest magnitudes kept at the input and at the output of LayerNormalization. */
  layerThreshold: option(several(positive), {
    long: 'layer-threshold',
    short: 'lt',
    runs: quantizing,
    group,
    help: 'range of LayerNormalization: largest magnitude at its input and at its output, or one for both',
  }),
  /** All inputs of a Concat, ScatterND, Where, Max or Min get one scale, also those that others read. */
  unifyInputScale: option(flag, {
    long: 'unify-input-scale',
    short: 'uis',
    runs: quantizing,
    group,
    help: 'one scale for all inputs of Concat, ScatterND, Where, Max and Min',
    fallback: false,
  }),
  /** Path of a mixed configuration: widths and modes of single operators. */
  mixConfig: option(path('FILE'), {
    long: 'mix-config',
    decides: false,
    short: 'mc',
    runs: quantizing,
    group,
    help: 'JSON with bit widths (where the chip mixes them) and modes of single operators',
  }),
  /** Write a mixed configuration that names every operator and changes nothing. */
  generateTemplate: option(flag, {
    long: 'generate-template',
    decides: false,
    short: 'gt',
    runs: quantizing,
    group,
    help: 'write a --mix-config that names every quantized operator',
    fallback: false,
  }),
  /** Tables over 16-bit inputs have 2^n segments. */
  lutLength: option(integer('N', 8, 12), {
    long: 'lut-len',
    short: 'll',
    runs: quantizing,
    group,
    help: 'tables over 16-bit inputs have 2^N segments to interpolate in; chips with 16 bit only',
    fallbackInWords: '10',
  }),
  /** Share of the model's cost, in multiplications, that auto_quant may compute in 16 bits. */
  autoMixRatio: option(fraction, {
    long: 'auto-mix-ratio',
    short: 'amr',
    runs: ['auto_quant'],
    group,
    help: "with -r auto_quant: share of the model's multiplications that may be in 16 bits",
    fallbackInWords: '0.1; all with --auto-mix-sqnr',
  }),
  /** Signal to noise ratio at the outputs, in dB on calibration samples, that auto_quant is to reach with as little in 16 bits as it finds. */
  autoMixSqnr: option(positive, {
    long: 'auto-mix-sqnr',
    short: 'amq',
    runs: ['auto_quant'],
    group,
    help: 'with -r auto_quant: the signal to noise ratio at the outputs, in dB on calibration samples, to be reached with as little in 16 bits as possible, within --auto-mix-ratio if that is given',
  }),
  /** How auto_quant chooses what gets 16 bits. */
  autoMixStrategy: option(oneOf('NAME', ['HAWQ', 'IOhigh', 'initial']), {
    long: 'auto-mix-strategy',
    short: 'ams',
    runs: ['auto_quant'],
    group,
    help: 'with -r auto_quant: HAWQ takes the operators that remove most noise for their cost; IOhigh those at inputs and outputs first; initial is refused',
    fallbackInWords: 'HAWQ',
  }),
  /** Accepted for Knight's sake: squire always does this. */
  accelerateModel: option(flag, {
    long: 'accelerate-model',
    decides: false,
    short: 'am',
    group,
    help: 'accepted; squire always does this',
    fallback: false,
  }),
} as const
