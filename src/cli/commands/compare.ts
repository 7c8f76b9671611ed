// `squire compare`: where a quantization loses, tensor by tensor.

import { join, resolve } from 'node:path'
import { type Config, type ConfigOptions, makeConfig } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import * as report from '../../report/text/comparison.js'
import type { Place, Sides } from '../../runs/comparison.js'
import { readCommandLine } from '../commandLine.js'
import type { Configured } from '../configure.js'
import { print } from '../print.js'
import { options, sampleKeys, samplesOf, type Values } from './compareOptions.js'
import type { Command } from './types.js'

export const compare: Command = {
  usage: 'compare -qd DIR | A.onnx B.onnx | DUMP_A DUMP_B [options]',
  description:
    'Compares a quantization with its float model, two models or two folders of .npy files, tensor by tensor over all samples.',
  options,
  epilogue: `
Two views of error: "alone" is what an operator loses by itself, fed with float values (the culprit); SQNR, cosine, MRE and the rest are of
all that has gathered up to the tensor (the damage). A quantization has both.

Examples:
  squire compare -qd out -d images/ --sort own -sn 10
  squire compare -qd out/mse_it_500 -uds data.mjs -if photos -i 100 --rmse --maxdiff --save-dir errors
  squire compare float.onnx changed.onnx -d images/
`,
  async run(argv) {
    const { operands, values } = readCommandLine(argv, options)
    return compareAndPrint(sidesOf(operands, values.quantDir), samplesOf(values), values)
  },
}

/** `-r compare`: what an earlier run wrote to the save-dir, on the data that the options of quant name. */
export function compareSaved({ config, warnings }: Configured): Promise<number> {
  for (const warning of config.logLevel <= 2 ? warnings : []) process.stderr.write(`warning: ${warning}\n`)
  const keys: readonly (keyof Config)[] = [...sampleKeys, 'inputConfigs']
  const given = Object.fromEntries(keys.map((key) => [key, config[key]]))
  const { values } = readCommandLine([], options)
  const sides = { kind: 'quantization', folder: config.saveDir } as const
  return compareAndPrint(sides, given, { ...values, saveDir: config.saveDir, json: config.json })
}

async function compareAndPrint(sides: Sides, given: Omit<ConfigOptions, 'model'>, values: Values): Promise<number> {
  rangeOf(values.indexRange)
  const { compareSides } = await import('../../runs/comparison.js')
  const { createReporter } = await import('../../report/console/reporter.js')
  const { listenForSignals } = await import('../signals.js')
  const interrupt = listenForSignals()
  // As with --json of quant: stdout has the result alone.
  const reporter = await createReporter(makeConfig({ model: 'compared', json: true }))
  try {
    const { samples, rows } = await compareSides(sides, given, reporter, { signal: interrupt.signal }, (places) =>
      filtered(places, values),
    )
    reporter.finish()
    return print(await written(values, samples, rows))
  } finally {
    reporter.finish()
  }
}

function sidesOf(operands: readonly string[], quantDir: string | undefined): Sides {
  const [a, b, ...rest] = operands
  if (quantDir !== undefined && a === undefined) return { kind: 'quantization', folder: resolve(quantDir) }
  if (quantDir === undefined && a !== undefined && b !== undefined && rest.length === 0) {
    return { kind: 'pair', a: resolve(a), b: resolve(b) }
  }
  throw new SquireError(
    'USAGE',
    'squire compare: expected --quant-dir (-qd) or two models or dumps, as in\n  squire compare -qd out -d images/\n  squire compare a.onnx b.onnx -d images/',
  )
}

async function written(values: Values, samples: number, all: readonly report.ComparedRow[]): Promise<string> {
  const chosen = report.sortRows(filtered(all, values), values.sort)
  const rows = values.showNumber === undefined ? chosen : chosen.slice(0, values.showNumber)
  if (values.saveDir !== undefined) {
    const { saveAll } = await import('../../files/save.js')
    const files = [
      ['compare.csv', report.comparisonCsv(rows)],
      ['compare.json', report.comparisonJson(samples, rows)],
    ] as const
    await saveAll(values.saveDir, new Map(files))
  }
  if (values.json) return report.comparisonJson(samples, rows)
  if (values.csv) return report.comparisonCsv(rows)
  const shown: report.Shown = {
    mre: !values.noMre,
    cosine: !values.noCos,
    rmse: values.rmse,
    maxDiff: values.maxDiff,
    bias: values.bias,
  }
  const width = Math.max(20, (process.stdout.columns ?? 100) - 10)
  return [
    await report.comparisonTable(rows, shown),
    `Over ${samples} ${samples === 1 ? 'sample' : 'samples'}.`,
    ...(values.showLine || values.showPlot ? [report.comparisonLine(chosen, width)] : []),
    ...(values.showHistogram || values.showPlot ? [report.comparisonHistogram(chosen)] : []),
    ...(values.saveDir === undefined
      ? []
      : [`Files: ${join(values.saveDir, 'compare.csv')}, ${join(values.saveDir, 'compare.json')}`]),
    '',
  ].join('\n')
}

/** @throws SquireError CONFIG where none is left */
function filtered<Row extends Place>(rows: readonly Row[], { outputName, opType, indexRange }: Values): Row[] {
  const kinds = opType?.map((kind) => kind.toLowerCase())
  const [from, to] = rangeOf(indexRange)
  const left = rows.filter(({ index, tensor, operator }) => {
    const isNamed = outputName === undefined || outputName.includes(tensor) || outputName.includes(operator.name)
    const own = [operator.kind, ...operator.nodes].map((kind) => kind.toLowerCase())
    return isNamed && (kinds === undefined || own.some((kind) => kinds.includes(kind))) && index >= from && index <= to
  })
  if (left.length > 0) return left
  throw new SquireError(
    'CONFIG',
    'squire compare: no tensor is left of those that -on, --op-type and --index-range ask for',
  )
}

function rangeOf(range: string | undefined): readonly [number, number] {
  if (range === undefined) return [0, Number.POSITIVE_INFINITY]
  const found = /^(\d+)?[:-](\d+)?$/.exec(range)
  if (found === null) throw new SquireError('USAGE', `--index-range: expected two numbers, as 10:20, got "${range}"`)
  return [Number(found[1] ?? 0), found[2] === undefined ? Number.POSITIVE_INFINITY : Number(found[2])]
}
