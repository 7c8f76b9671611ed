// What a run does, and what the models are measured on.

import { option } from '../option.js'
import { either, integer, oneOf } from '../values.js'
import { measuring, quantizing, runModes } from './words.js'

const group = 'Evaluation'

export const evaluationOptions = {
  /** What the run does. */
  runMode: option(oneOf('MODE', runModes), {
    long: 'run-mode',
    short: 'r',
    group,
    help: 'infer runs the model and its metric; convert optimizes the graph and stops; compare compares what an earlier run wrote to the save-dir; auto_quant gives the operators that need them most 16 bits, on chips that mix widths',
    fallback: 'quant',
  }),
  /** Forward passes that the metric runs over; undefined: as `iterations`. */
  evalIteration: option(either(['all'], integer('N', 1)), {
    long: 'eval-iteration',
    runs: measuring,
    group,
    help: 'forward passes to evaluate on (default: as -i)',
  }),
  /** Forward passes that layers are compared on, float against integer. */
  compareIteration: option(either(['all'], integer('N', 0)), {
    long: 'compare-iteration',
    runs: quantizing,
    group,
    help: 'forward passes that the report compares layers on, of those that are evaluated; 0: none',
    fallback: 16,
  }),
  /** Samples that every tensor's and weight's own noise at the outputs is measured on. */
  noiseShares: option(integer('N', 0), {
    long: 'noise-shares',
    runs: quantizing,
    group,
    help: "forward passes on which the report says each tensor's and weight's own share of the noise at the outputs; 0: none",
    fallback: 0,
  }),
} as const
