// How a run goes about its work; no result depends on these.

import { availableParallelism } from 'node:os'
import { option } from '../option.js'
import { flag, integer, mapped } from '../values.js'
import { quantizing } from './words.js'

const group = 'Run'

const logLevel = mapped(integer('N', 0, 3), (level) => level as 0 | 1 | 2 | 3)

export const runOptions = {
  /** Worker threads; default: the cores available to the process. */
  cpuNum: option(integer('N', 1, 1024), {
    long: 'cpu-num',
    decides: false,
    short: 'cn',
    group,
    help: 'worker threads (Knight: 5); no result depends on it',
    fallback: availableParallelism,
  }),
  /** Continue an interrupted run from its checkpoint. */
  resume: option(flag, {
    long: 'resume',
    decides: false,
    runs: quantizing,
    group,
    help: 'continue an interrupted run from its checkpoint',
    fallback: false,
  }),
  /** The command prints its result as JSON. */
  json: option(flag, {
    long: 'json',
    decides: false,
    group,
    help: 'only the result, as JSON, on stdout; everything else on stderr',
    fallback: false,
  }),
  /** 0 DEBUG, 1 INFO, 2 WARNING, 3 ERROR */
  logLevel: option(logLevel, {
    long: 'log-level',
    decides: false,
    short: 'l',
    group,
    help: 'least that is shown: 0 DEBUG, 1 INFO, 2 WARNING, 3 ERROR (Knight: 3, which hides warnings); stages and results always are',
    fallback: 1,
  }),
} as const
