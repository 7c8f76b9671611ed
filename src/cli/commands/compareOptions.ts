// The options of `squire compare`: its own, and those of quant that say where samples come from.

import type { ConfigOptions } from '../../config/config.js'
import { option } from '../../config/option.js'
import { options as all } from '../../config/options/index.js'
import { flag, integer, names, oneOf, path, text } from '../../config/values.js'
import { sortKeys } from '../../report/text/comparison.js'
import type { readCommandLine } from '../commandLine.js'

const group = 'What is compared'
const shownGroup = 'What is shown'

/** Where samples come from is said as for quant. */
const { userScript, inferFunction, python, data, selection, onBadSample, image, batchSize, cpuNum } = all
const iterations = {
  ...all.iterations,
  group: 'Data' as const,
  help: 'forward passes to compare on',
  fallbackInWords: 'all; 1 of random inputs',
}
const sampleOptions = {
  userScript,
  inferFunction,
  python,
  data,
  selection,
  onBadSample,
  image,
  iterations,
  batchSize,
  cpuNum,
}

const ownOptions = {
  quantDir: option(path('DIR'), {
    long: 'quant-dir',
    short: 'qd',
    group,
    help: 'what quant wrote: the folder of one quantization',
  }),
  saveDir: option(path('DIR'), {
    long: 'save-dir',
    short: 's',
    group,
    help: 'write compare.csv and compare.json there as well',
  }),
  outputName: option(names('NAME', 'names of tensors'), {
    long: 'output-name',
    short: 'on',
    group: shownGroup,
    help: 'these tensors only, or these operators',
  }),
  opType: option(names('TYPE', 'kinds of operators'), {
    long: 'op-type',
    group: shownGroup,
    help: 'operators of these kinds only, as Conv or concat',
  }),
  indexRange: option(text('A:B', 'two numbers, as 10:20'), {
    long: 'index-range',
    group: shownGroup,
    help: 'from place A to place B in the network',
  }),
  sort: option(oneOf('MEASURE', sortKeys), {
    long: 'sort',
    group: shownGroup,
    help: 'worst first by this measure; own: the operator alone',
    fallback: 'index',
  }),
  showNumber: option(integer('N', 1), {
    long: 'show-number',
    short: 'sn',
    group: shownGroup,
    help: 'the first N rows only',
  }),
  noMre: option(flag, { long: 'no-mre', group: shownGroup, help: 'without the mean relative error', fallback: false }),
  noCos: option(flag, { long: 'no-cos', group: shownGroup, help: 'without the cosine', fallback: false }),
  rmse: option(flag, {
    long: 'rmse',
    group: shownGroup,
    help: 'with the root of the mean squared error',
    fallback: false,
  }),
  maxDiff: option(flag, {
    long: 'maxdiff',
    group: shownGroup,
    help: 'with the largest difference, absolute and relative',
    fallback: false,
  }),
  bias: option(flag, {
    long: 'bias',
    group: shownGroup,
    help: 'with the shares of values above and below',
    fallback: false,
  }),
  showLine: option(flag, {
    long: 'show-line',
    short: 'sl',
    group: shownGroup,
    help: 'with a line of SQNR along the network',
    fallback: false,
  }),
  showHistogram: option(flag, {
    long: 'show-histogram',
    short: 'sh',
    group: shownGroup,
    help: 'with a histogram of SQNR',
    fallback: false,
  }),
  showPlot: option(flag, { long: 'show-plot', group: shownGroup, help: 'with both plots', fallback: false }),
  json: option(flag, { long: 'json', group: shownGroup, help: 'JSON on stdout instead of the table', fallback: false }),
  csv: option(flag, { long: 'csv', group: shownGroup, help: 'CSV on stdout instead of the table', fallback: false }),
} as const

export const options = { ...ownOptions, ...sampleOptions }

export const sampleKeys = Object.keys(sampleOptions) as (keyof typeof sampleOptions)[]

export type Values = ReturnType<typeof readCommandLine<typeof options>>['values']

/** All samples of data there are; random inputs, once. */
export function samplesOf(values: Values): Omit<ConfigOptions, 'model'> {
  const { iterations } = values
  const hasData = values.data !== undefined || values.userScript !== undefined
  const given = Object.fromEntries(sampleKeys.map((key) => [key, values[key]]))
  return { ...given, iterations: iterations ?? (hasData ? 'all' : 1) } as Omit<ConfigOptions, 'model'>
}
