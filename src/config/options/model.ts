// The model, the chip and what is written.

import * as v from 'valibot'
import { listed } from '../../errors.js'
import { chipNames, isChip } from '../../fixedpoint/chip.js'
import { frameworkValue } from '../foreign.js'
import { option } from '../option.js'
import { flag, integer, oneOf, path, type Value } from '../values.js'
import { quantizing } from './words.js'

const group = 'Model and output'

const chipName: Value<string> = {
  ...oneOf('NAME', chipNames),
  schema: v.pipe(v.string(), v.check(isChip)),
  expected: `${listed(chipNames)}, where x stands for the rest of a name`,
}

export const modelOptions = {
  /** Path of the float ONNX model. In a Config, all paths but `data` are absolute. */
  model: option(path('FILE'), {
    long: 'model',
    decides: false,
    short: 'm',
    group,
    help: 'the float ONNX model (required)',
  }),
  /** Output folder. */
  saveDir: option(path('DIR'), {
    long: 'save-dir',
    decides: false,
    short: 's',
    group,
    help: 'output folder',
    fallback: 'squire_out',
  }),
  /** The chip to quantize for. */
  chip: option(chipName, {
    long: 'chip',
    short: 'ch',
    group,
    help: 'chip to quantize for, where x stands for the rest of a name, as in TX5368A; before or after `quant`',
    fallback: 'TX5105C',
  }),
  /** Bits of activations. */
  bitWidth: option(integer('N', 1, 32), {
    long: 'bit-width',
    short: 'b',
    runs: quantizing,
    group,
    help: 'bits of activations; the chip must have them',
    fallback: 8,
  }),
  /** Real-valued outputs instead of float-typed integers. */
  outputDequant: option(flag, {
    long: 'output-dequant',
    short: 'od',
    runs: quantizing,
    group,
    help: 'real-valued outputs (default: float-typed integers, times a scale)',
    fallback: false,
  }),
  /** Accepted for Knight's sake: the scales are always written. */
  generateScaleJson: option(flag, {
    long: 'generate-scale-json',
    decides: false,
    short: 'gsj',
    runs: ['quant'],
    group,
    help: 'accepted; squire always writes the scales as JSON',
    fallback: false,
  }),
  /** Save what every operator writes, float and quantized, as .npy files under dump/. */
  dump: option(flag, {
    long: 'dump',
    short: 'du',
    decides: false,
    runs: quantizing,
    group,
    help: "save every operator's float and quantized output of the first forward pass as .npy, in dump/",
    fallback: false,
  }),
  /** Accepted for Knight's sake: 'onnx' alone. */
  framework: option(frameworkValue, {
    long: 'framework',
    decides: false,
    short: 'f',
    group,
    help: 'for all but onnx, an error that names the ONNX exporter',
    fallback: 'onnx',
  }),
} as const
