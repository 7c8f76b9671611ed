// Where samples come from, and which are taken.

import { option } from '../option.js'
import { integer, oneOf, path, text } from '../values.js'
import { inputConfigs } from './inputConfigs.js'
import { badSamplePolicies } from './words.js'

const group = 'Data'

export const dataOptions = {
  /** Path of the ES module or Python script that brings the data. */
  userScript: option(path('FILE'), {
    long: 'user-defined-script',
    decides: false,
    short: 'uds',
    group,
    help: 'ES module (.mjs, .js, .ts) or Python script (.py) that brings the data',
  }),
  /** The script's export, or a built-in function; undefined: `data` is the dataset, or infer_auto without any. */
  inferFunction: option(text('NAME', 'the name of an export'), {
    long: 'infer-func',
    short: 'if',
    group,
    help: 'its export: a dataset or an infer function (default without -d: infer_auto, random inputs)',
  }),
  /** The interpreter of a Python script: a command to be found in PATH, or a path. */
  python: option(text('COMMAND', 'a command or a path'), {
    long: 'python',
    decides: false,
    group,
    help: 'interpreter of a Python script',
    fallback: 'python3',
  }),
  /** What infer_common reads: an entry for each input of the model. */
  inputConfigs: option(inputConfigs, { long: 'input-configs', group, help: 'data of each input, for infer_common' }),
  /** As given: handed to the script, or the path of the dataset itself. */
  data: option(text('PATH', 'a path'), {
    long: 'data',
    decides: false,
    short: 'd',
    group,
    help: 'handed to the script; without -uds: the dataset itself, a folder or file',
  }),
  /** Which samples of a dataset calibration takes first, drawn by a seeded hash of their ids. The evaluation may take more. */
  selection: {
    /** Draw this many; undefined: all. */
    samples: option(integer('N', 1), {
      long: 'samples',
      group,
      help: 'draw N samples by a seeded hash of their names (default: all)',
    }),
    /** Draw this many of each class. */
    perClass: option(integer('N', 1), { long: 'per-class', group, help: 'draw N samples of each class' }),
    /** Another seed draws other samples. */
    seed: option(integer('N', 0), { long: 'seed', group, help: 'seed of --samples and --per-class', fallback: 0 }),
  },
  /** What to do about a sample that cannot be loaded or run. */
  onBadSample: option(oneOf('WHAT', badSamplePolicies), {
    long: 'on-bad-sample',
    group,
    help: 'stop at a bad sample, or skip and list it',
    fallback: 'error',
  }),
} as const
