// The results as text: model and Quantization Loss for one quantization, a table for several.

import { join } from 'node:path'
import type { Config } from '../../config/config.js'
import { metricText } from '../../numbers.js'
import { printable } from '../../printable.js'
import type { ModeResult, RunResult } from '../types.js'
import { plainAndRefined } from './refined.js'

type Paint = (color: 'bold' | 'red', text: string) => string

export async function resultLines(result: RunResult, config: Config, paint: Paint): Promise<string[]> {
  const [only] = result.results
  const body =
    config.runMode === 'infer'
      ? result.results.map(
          ({ iteration, fixMetric }) =>
            `Metric: ${fixMetric === undefined ? 'none' : metricText(fixMetric)} (-i ${iteration})`,
        )
      : result.results.length === 1
        ? single(only!, result.saveDir, paint)
        : [await table(result.results, paint), ...bestLine(result.results), ...placeLines(result.saveDir)]
  return [...skippedLines(result.skipped), ...body]
}

function single(one: ModeResult, saveDir: string, paint: Paint): string[] {
  if (one.error !== undefined) return [`${paint('red', 'Fail:')} ${printable(one.error)}`]
  const inWords = (file: string) => `  ${printable(join(saveDir, file))}`
  const files = one.files.map((file) => inWords(join(one.directory, file)))
  const metrics =
    one.floatMetric === undefined ? '' : ` (float ${metricText(one.floatMetric)}, fixed ${metricText(one.fixMetric)})`
  if (one.mode === 'convert') return ['Files:', ...files]
  const all = [...files, inWords('report.html')]
  return ['Files:', ...all, ...refinedLines(one), paint('bold', `Quantization Loss: ${lossInWords(one)}${metrics}`)]
}

function refinedLines({ refinement }: ModeResult): string[] {
  if (refinement === undefined) return []
  const { plain, refined } = plainAndRefined(refinement)
  return [`Signal to noise at the outputs: plain ${plain}, refined ${refined}`]
}

function placeLines(saveDir: string): string[] {
  return [`Files are in ${saveDir}`, `The report is ${join(saveDir, 'report.html')}`].map(printable)
}

/** Results come sorted by loss. */
function bestLine([best]: readonly ModeResult[]): string[] {
  if (best?.loss === undefined || best.error !== undefined) return []
  return [`Best: ${best.mode}, -i ${best.iteration}, Quantization Loss ${percent(best.loss)}`]
}

async function table(results: readonly ModeResult[], paint: Paint): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const isRefined = results.some(({ refinement }) => refinement !== undefined)
  const ratios = isRefined ? ['plain', 'refined'] : []
  const rows = new Table({
    head: ['model', 'mode', 'iteration', 'loss', 'float', 'fixed', ...ratios, 'subdirectory'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', ...ratios.map(() => 'right' as const), 'left'],
    style: { head: [], border: [] },
  })
  for (const one of results) {
    const loss = one.error !== undefined ? paint('red', 'Fail') : one.loss === undefined ? '-' : percent(one.loss)
    rows.push([
      printable(one.model),
      one.mode,
      one.iteration,
      loss,
      metricText(one.floatMetric),
      metricText(one.fixMetric),
      ...(isRefined ? ratioCells(one) : []),
      one.directory,
    ])
  }
  const failures = results.flatMap(({ error, directory }) =>
    error === undefined ? [] : [printable(`${directory}: ${error}`)],
  )
  return [rows.toString(), ...failures].join('\n')
}

function ratioCells({ refinement }: ModeResult): string[] {
  if (refinement === undefined) return ['-', '-']
  const { plain, refined } = plainAndRefined(refinement)
  return [plain, refined]
}

/** A run leaves out few samples or has a problem that the first ones show. */
const shownSkipped = 10

function skippedLines(skipped: RunResult['skipped']): string[] {
  if (skipped.length === 0) return []
  const shown = skipped.slice(0, shownSkipped).map(({ id, reason }) => printable(`  ${id}: ${reason}`))
  const rest = skipped.length > shownSkipped ? [`  and ${skipped.length - shownSkipped} more`] : []
  return [`Left out ${skipped.length} ${skipped.length === 1 ? 'sample' : 'samples'}:`, ...shown, ...rest]
}

function lossInWords(one: ModeResult): string {
  if (one.loss !== undefined) return percent(one.loss)
  if (one.floatMetric === undefined) return 'none, there is no metric'
  return 'undefined, the float metric is 0'
}

const percent = (value: number) => `${value.toFixed(3)} %`
