// What a run changes of the model before anything else is done to it.

import { option } from '../option.js'
import { flag, integer, names, real, repeated, several } from '../values.js'
import { opening } from './words.js'

const group = 'Changes to the model'

const number = real('X', 'a number', () => true)
const positive = real('X', 'a number above 0', (x) => x > 0)

export const graphOptions = {
  /** Dims of dynamic inputs, one list for each input in model order. */
  inputShapes: option(repeated(integer('N', 1)), {
    long: 'input-shapes',
    short: 'is',
    runs: opening,
    group,
    help: 'dims of a dynamic input, as -is 1 3 224 224; once for each input, in model order',
  }),
  /** Batch of the quantized model, which is always static; for models with a dynamic batch. */
  irBatch: option(integer('N', 1, 65536), {
    long: 'ir-batch',
    short: 'ib',
    runs: opening,
    group,
    help: 'batch of the quantized model, for models with a dynamic batch (default: 1, or that of the first forward pass)',
  }),
  /** Tensors or nodes that the model is to end at. */
  outputNames: option(names('NAME', 'names of tensors or nodes'), {
    long: 'output-name',
    short: 'on',
    runs: opening,
    group,
    help: 'cut the model at these tensors (or nodes): they become its outputs',
  }),
  /** Subtracted from the first input by the model itself: one value, or one a channel. */
  mean: option(several(number), {
    long: 'mean',
    runs: opening,
    group,
    help: 'put (x - mean) / std before the first input: one value, or one a channel; with --std',
  }),
  /** Then divided by: one value, or one a channel. */
  std: option(several(positive), { long: 'std', group, runs: opening, help: 'see --mean' }),
  /** Convert the model to this opset first. */
  opsetVersion: option(integer('N', 13, 18), {
    long: 'opset-version',
    short: 'ov',
    runs: opening,
    group,
    help: 'convert the model to this opset first',
  }),
  /** Leave the graph as it is. */
  disableOnnxsim: option(flag, {
    long: 'disable-onnxsim',
    short: 'do',
    runs: ['quant', 'auto_quant', 'convert'],
    group,
    help: 'no simplification of the graph: constants and BatchNormalization are not folded',
    fallback: false,
  }),
} as const
