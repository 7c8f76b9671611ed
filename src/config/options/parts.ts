// One run on several machines: each does a share of the samples, and what they found is merged (docs/scaling.md).

import * as v from 'valibot'
import { option } from '../option.js'
import { path, type Value } from '../values.js'
import { quantizing } from './words.js'

const group = 'Several machines'

export interface Share {
  /** From 1. */
  readonly part: number
  readonly of: number
}

/** "3/7". */
const share: Value<Share, string | Share> = {
  schema: v.pipe(v.unknown(), v.transform(readShare), v.custom<Share>(isShare)),
  form: 'one',
  placeholder: 'I/N',
  expected: 'a share as I/N, with whole numbers and 1 <= I <= N, as in 3/7',
}

function readShare(given: unknown): unknown {
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(String(given)) ?? []
  const read = { part: Number(part), of: Number(of) }
  return isShare(read) ? read : given
}

function isShare(given: unknown): given is Share {
  const { part, of } = (given ?? {}) as Partial<Share>
  return Number.isSafeInteger(part) && Number.isSafeInteger(of) && part! >= 1 && part! <= of!
}

export const partOptions = {
  /** The share of the samples that `calibrate` and `evaluate` run; undefined: all. */
  part: option(share, {
    long: 'part',
    decides: false,
    group,
    help: 'of calibrate and evaluate: run the I-th of N shares of the samples only (default: all)',
  }),
  /** Absolute path of the part that `calibrate` and `evaluate` write. */
  output: option(path('FILE'), {
    long: 'output',
    short: 'o',
    decides: false,
    group,
    help: 'of calibrate and evaluate: the part that is written',
    fallbackInWords: 'a file in the save-dir, named after the share',
  }),
  /** Absolute path of merged calibration parts that stand for the calibration. */
  stats: option(path('FILE'), {
    long: 'stats',
    decides: false,
    runs: quantizing,
    group,
    help: 'merged parts of `squire calibrate`, instead of a calibration',
  }),
  /** Absolute path of merged evaluation parts that stand for the evaluation. */
  evaluation: option(path('FILE'), {
    long: 'evaluation',
    decides: false,
    runs: quantizing,
    group,
    help: 'merged parts of `squire evaluate`, instead of an evaluation; needs --stats',
  }),
} as const
