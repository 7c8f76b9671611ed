// What became of ONNX's tests, as a page: counts, a row for each operator, and the runs whose values are far from the float model's.

import type { Form, Measured, Outcome } from './measure.js'

export interface Run {
  readonly test: string
  readonly form: Form
  /** Types of the test's own nodes. */
  readonly types: readonly string[]
  readonly outcome: Outcome
}

/** Below this SQNR in dB a run is listed: 8 bits of values that fill their range give 40 and more. */
const LOW = 25
/** So many dB below the QDQ model as well. */
const APART = 1

export function page(runs: readonly Run[], command: string): string {
  const measured = runs.flatMap(({ outcome }) => (outcome.kind === 'measured' ? [outcome] : []))
  const count = (kind: Outcome['kind']) => runs.filter(({ outcome }) => outcome.kind === kind).length
  const whole = measured.filter(isWhole).length
  const kept = measured.filter(isKept).length
  return `# ONNX's tests of operators

Made by \`${command}\`: do not edit. FOLDER is onnx/backend/test/data, which Debian has as libonnx-testdata.

Each test's model is quantized as a user would, with squire's library, and both written models run beside the float model. Samples are the test's own inputs and three
more with the same values in other places; thresholds are their extremes (\`min_max\`). A sum stands in front of each float input, because operators
stand behind others in networks; models of opsets 1 to 6 are converted to 7 before that. A test with several inputs is run twice: with all inputs as samples, and with the first float input alone, where the others are constants of the model.

| runs | |
| --- | --- |
| of ${new Set(runs.map(({ test }) => test)).size} tests | ${runs.length} |
| without float inputs | ${count('nothing to quantize')} |
| ONNX Runtime does not run the model itself | ${count('not run')} |
| of operators that draw random numbers | ${count('random')} |
| in integers | ${whole} |
| written as they are, since nothing in them computes on real values | ${kept} |
| with operators in float | ${measured.length - whole - kept} |
| refused with a message | ${count('refused')} |
| failed in any other way | ${count('crash')} |

SQNR is that of the worst float output over the four samples, in dB, of the integer model and of the QDQ model: the least and the median of an operator's runs. Without noise it is
given as 999. "Equal" is the least share of equal elements in outputs that are not float.

${operatorTable(runs)}

## Far from the float model

Runs whose integer model is below ${LOW} dB, or more than ${APART} dB below its QDQ model where that is below 60.
Functions with steps (Floor, Round, Hardmax, places that are computed) jump where eight bits move a value over a step, and steep ones (Tan, Acosh near 1) magnify
what eight bits lose; eight bits for scores of both 0 and 10000 leave a Softmax nothing to tell them apart by.

${farTable(runs)}

## Refused

${refusedTable(runs)}
`
}

const isKept = ({ integers, float }: Measured) => integers + float.length === 0
const isWhole = (one: Measured) => one.float.length === 0 && !isKept(one)

function operatorTable(runs: readonly Run[]): string {
  const byOperator = grouped(runs.filter(hasResult), operatorOf)
  const rows = [...byOperator]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([operator, own]) => {
      const measured = own.flatMap(({ outcome }) => (outcome.kind === 'measured' ? [outcome] : []))
      const whole = measured.filter(isWhole).length
      const inFloat = measured.filter(({ float }) => float.length > 0).length
      const equal = measured.flatMap((one) => one.equal ?? [])
      const cells = [operator, own.length, whole, inFloat, own.length - measured.length]
      return [...cells, spread(measured, 'integer'), spread(measured, 'qdq'), percent(equal), reasons(measured)]
    })
  return table(
    [
      'operator',
      'runs',
      'in integers',
      'in float',
      'refused',
      'integer model',
      'QDQ model',
      'equal',
      'what runs in float, and why',
    ],
    rows,
  )
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return groups
}

const withoutResult: ReadonlySet<Outcome['kind']> = new Set(['nothing to quantize', 'not run', 'random'])
const hasResult = ({ outcome }: Run) => !withoutResult.has(outcome.kind)

function operatorOf({ types }: Run): string {
  const distinct = new Set(types)
  return distinct.size === 1 ? types[0]! : 'several operators'
}

function spread(measured: readonly Measured[], key: 'integer' | 'qdq'): string {
  const values = measured.flatMap((one) => one[key] ?? []).sort((a, b) => a - b)
  return values.length === 0 ? '' : `${decibel(values[0])}, ${decibel(values[values.length >> 1])}`
}

const decibel = (value: number | undefined) => value?.toFixed(value === 999 ? 0 : 1) ?? ''

const percent = (shares: readonly number[]) =>
  shares.length === 0 ? '' : `${(100 * Math.min(...shares)).toFixed(0)} %`

function reasons(measured: readonly Measured[]): string {
  return [...new Set(measured.flatMap(({ float }) => float))].sort().join('; ')
}

function farTable(runs: readonly Run[]): string {
  const rows = runs.flatMap(({ test, form, outcome }) => {
    if (outcome.kind !== 'measured' || outcome.integer === undefined) return []
    const { integer, qdq = 0 } = outcome
    const isFar = !(integer >= LOW) || (qdq < 60 && integer < qdq - APART)
    return isFar ? [[test, form, decibel(integer), decibel(qdq), [...new Set(outcome.float)].join('; ')]] : []
  })
  return rows.length === 0 ? 'None.' : table(['test', 'inputs', 'integer model', 'QDQ model', 'in float'], rows)
}

function refusedTable(runs: readonly Run[]): string {
  const refused = runs.flatMap(({ test, outcome }) =>
    outcome.kind === 'refused' || outcome.kind === 'crash' ? [[messageIn(outcome.message), test] as const] : [],
  )
  const byMessage = grouped(refused, ([message]) => message)
  const rows = [...byMessage].map(([message, some]) => [
    message,
    some.length,
    [...new Set(some.map(([, test]) => test))].slice(0, 4).join(', '),
  ])
  return rows.length === 0 ? 'None.' : table(['message', 'runs', 'for example'], rows)
}

/** On one line, without the names that differ from test to test. */
function messageIn(message: string): string {
  return message
    .replaceAll(/"[^"]*"/g, '"..."')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
