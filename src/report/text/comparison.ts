// A comparison for people and for tools: a table, CSV or JSON, and plots of one measure along the network.

import type { TensorErrors } from '../../compare/compare.js'
import type { Measures } from '../../difference/measures.js'
import { printable } from '../../printable.js'
import { rounded } from '../data/rounded.js'

export interface ComparedRow extends TensorErrors {
  /** Place in the network. */
  readonly index: number
  readonly operator: { readonly name: string; readonly kind: string; readonly nodes: readonly string[] }
}

export const sortKeys = ['own', 'sqnr', 'cosine', 'mre', 'rmse', 'maxdiff', 'clipped', 'index'] as const
export type SortKey = (typeof sortKeys)[number]

export interface Shown {
  readonly mre: boolean
  readonly cosine: boolean
  readonly rmse: boolean
  readonly maxDiff: boolean
  readonly bias: boolean
}

/** How bad a row is by a measure: larger is worse; undefined where it has no value. */
const badness: Readonly<Record<SortKey, (row: ComparedRow) => number | undefined>> = {
  own: ({ own }) => negated(own?.sqnr),
  sqnr: ({ accumulated }) => negated(accumulated.sqnr),
  cosine: ({ accumulated }) => negated(accumulated.cosine),
  mre: ({ accumulated }) => accumulated.mre,
  rmse: ({ accumulated }) => accumulated.rmse,
  maxdiff: ({ accumulated }) => accumulated.maxDiff,
  clipped: ({ accumulated: { clippedLow, clippedHigh } }) => clippedLow + clippedHigh,
  index: ({ index }) => -index,
}

function negated(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value
}

/** Worst first; rows without a value last, in network order. */
export function sortRows(rows: readonly ComparedRow[], key: SortKey): ComparedRow[] {
  const of = badness[key]
  return [...rows].sort((a, b) => {
    const [left, right] = [of(a) ?? Number.NEGATIVE_INFINITY, of(b) ?? Number.NEGATIVE_INFINITY]
    return left === right ? a.index - b.index : right - left
  })
}

interface Column {
  readonly head: string
  readonly text: (row: ComparedRow) => string
  readonly align: 'left' | 'right'
}

const decibels = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(1))
const percent = (share: number) => (share === 0 ? '0' : share < 0.0001 ? '<0.01' : (share * 100).toFixed(2))
const short = (value: number | undefined) => (value === undefined ? '-' : String(Number(value.toPrecision(4))))

/** Noise of this many dB and less fills the bar. */
const NOISY = 10
const CLEAN = 50
const BAR = 12

/** As long as there is noise. */
function bar(value: number | undefined): string {
  if (value === undefined) return ''
  const share = (CLEAN - Math.min(CLEAN, Math.max(NOISY, value))) / (CLEAN - NOISY)
  return '█'.repeat(Math.round(share * BAR))
}

function columnsOf(shown: Shown, hasOwn: boolean, hasCodes: boolean): Column[] {
  const right = (head: string, text: Column['text']): Column => ({ head, text, align: 'right' })
  const left = (head: string, text: Column['text']): Column => ({ head, text, align: 'left' })
  return [
    right('#', ({ index }) => String(index)),
    left('tensor', ({ tensor }) => printable(tensor)),
    left('operator', ({ operator }) => printable(operator.kind)),
    ...(hasOwn ? [right('alone dB', ({ own }) => decibels(own?.sqnr))] : []),
    right('SQNR dB', ({ accumulated }) => decibels(accumulated.sqnr)),
    left('noise', ({ accumulated }) => bar(accumulated.sqnr)),
    ...(shown.cosine ? [right('cosine', ({ accumulated }) => accumulated.cosine?.toFixed(6) ?? '-')] : []),
    ...(shown.mre ? [right('MRE %', ({ accumulated: { mre } }) => (mre === undefined ? '-' : percent(mre)))] : []),
    ...(shown.rmse ? [right('RMSE', ({ accumulated }) => short(accumulated.rmse))] : []),
    ...(shown.maxDiff
      ? [
          right('max diff', ({ accumulated }) => short(accumulated.maxDiff)),
          right('relative', ({ accumulated }) => short(accumulated.maxDiffRelative)),
        ]
      : []),
    ...(shown.bias
      ? [
          right('above %', ({ accumulated }) => percent(accumulated.above)),
          right('below %', ({ accumulated }) => percent(accumulated.below)),
        ]
      : []),
    ...(hasCodes
      ? [
          right('clipped %', ({ accumulated: { clippedLow, clippedHigh } }) => percent(clippedLow + clippedHigh)),
          right('codes %', ({ accumulated: { codesUsed } }) =>
            codesUsed === undefined ? '-' : (codesUsed * 100).toFixed(0),
          ),
        ]
      : []),
  ]
}

export async function comparisonTable(rows: readonly ComparedRow[], shown: Shown): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const hasOwn = rows.some(({ own }) => own !== undefined)
  const hasCodes = rows.some(({ accumulated }) => accumulated.codesUsed !== undefined)
  const columns = columnsOf(shown, hasOwn, hasCodes)
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align),
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push(columns.map(({ text }) => text(row)))
  return table.toString()
}

const measures = [
  'count',
  'mre',
  'cosine',
  'rmse',
  'sqnr',
  'maxDiff',
  'maxDiffRelative',
  'meanError',
  'above',
  'below',
  'clippedLow',
  'clippedHigh',
  'atLow',
  'atHigh',
  'codesUsed',
] as const satisfies readonly (keyof Measures)[]

/** RFC 4180: one line a tensor, every measure in both views. */
export function comparisonCsv(rows: readonly ComparedRow[]): string {
  const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const number = (value: number | undefined) => (value === undefined ? '' : String(rounded(value)))
  const head = ['index', 'tensor', 'operator', 'kind', ...measures, ...measures.map((name) => `own_${name}`)]
  const lines = rows.map(({ index, tensor, operator, accumulated, own }) => [
    String(index),
    quoted(tensor),
    quoted(operator.name),
    quoted(operator.kind),
    ...measures.map((name) => number(accumulated[name])),
    ...measures.map((name) => number(own?.[name])),
  ])
  return [head, ...lines].map((line) => `${line.join(',')}\r\n`).join('')
}

export function comparisonJson(samples: number, rows: readonly ComparedRow[]): string {
  const tidy = (_: string, value: unknown) =>
    value === undefined ? null : typeof value === 'number' ? rounded(value) : value
  const lines = rows.map((row) => `    ${JSON.stringify(row, tidy)}`)
  return `{\n  "samples": ${samples},\n  "tensors": [\n${lines.join(',\n')}\n  ]\n}\n`
}

const steps = '▁▂▃▄▅▆▇█'

/** SQNR along the network, as a line of blocks for each view: high is good. */
export function comparisonLine(rows: readonly ComparedRow[], width: number): string {
  const inOrder = [...rows].sort((a, b) => a.index - b.index)
  const line = (name: string, values: readonly (number | undefined)[]) => {
    const groups = Math.min(width, values.length)
    const blocks = Array.from({ length: groups }, (_, i) => {
      const part = values.slice(
        Math.floor((i * values.length) / groups),
        Math.floor(((i + 1) * values.length) / groups),
      )
      const known = part.filter((value) => value !== undefined)
      if (known.length === 0) return ' '
      const level = Math.min(CLEAN, Math.max(0, Math.min(...known))) / CLEAN
      return steps[Math.min(steps.length - 1, Math.floor(level * steps.length))]
    })
    return `${name.padEnd(9)}${blocks.join('')}`
  }
  const own = inOrder.map((row) => row.own?.sqnr)
  return [
    'SQNR along the network, 0 to 50 dB, the least of each group of tensors:',
    ...(own.some((value) => value !== undefined) ? [line('alone', own)] : []),
    line(
      'gathered',
      inOrder.map((row) => row.accumulated.sqnr),
    ),
  ].join('\n')
}

/** How many tensors have which SQNR. */
export function comparisonHistogram(rows: readonly ComparedRow[]): string {
  const edges = Array.from({ length: CLEAN / 5 + 1 }, (_, i) => i * 5)
  const counts = edges.map((edge, i) => {
    const isLast = i === edges.length - 1
    return rows.filter(({ accumulated: { sqnr } }) => {
      if (sqnr === undefined) return false
      return (sqnr >= edge || i === 0) && (isLast || sqnr < edge + 5)
    }).length
  })
  const most = Math.max(1, ...counts)
  const lines = counts.map((count, i) => {
    const range = i === edges.length - 1 ? `${edges[i]} and more` : `${edges[i]} to ${edges[i]! + 5}`
    return `${range.padStart(11)} dB  ${'█'.repeat(Math.ceil((count / most) * 40)).padEnd(41)}${count === 0 ? '' : count}`
  })
  return ['Tensors by SQNR, gathered:', ...lines].join('\n')
}
