// docs/operators.md, from what planning makes of every operator.

import { fileURLToPath } from 'node:url'
import { type Outcome, outcomes } from './table.js'

export const pagePath = fileURLToPath(new URL('../../../docs/operators.md', import.meta.url))

const head = `# Operators

Made by \`npm run docs\`, which plans every operator of ONNX's standard domain in the forms of \`scripts/operators/forms.ts\`, between operators of the
chip, and checked by the tests: do not edit. [fixed-point.md](fixed-point.md) defines the arithmetic. \`--strict\` makes what would run in float an error.
Elementwise operators and moves of values also run in float where all around them does. Dims are fixed here: where a model leaves more than its batch open,
some forms (convolutions with computed weights, products with vectors, Fourier transforms) need the dims that \`-is\` gives.`

/** The page as it should be. */
export async function operatorsPage(): Promise<string> {
  const all = [...(await outcomes())]
  const tried = all.flatMap(([type, found]) => (typeof found === 'string' ? [] : [[type, found] as const]))
  const whole = tried.filter(([, found]) => found.every(inIntegers))
  const plain = whole.filter(([, found]) => formsOf(found) === '')
  const none = tried.filter(([, found]) => !found.some(inIntegers))
  const partly = tried.filter((one) => !whole.includes(one) && !none.includes(one))
  const apart = all.flatMap(([type, found]) => (typeof found === 'string' ? [[type, found] as const] : []))
  const sections = [
    head,
    '## In integers',
    `${plain.map(([type]) => type).join(', ')}.`,
    table(
      ['operator', 'also'],
      whole.filter((one) => !plain.includes(one)).map(([type, found]) => [type, formsOf(found)]),
    ),
    '## In integers, but for some forms',
    table(
      ['operator', 'in integers', 'in float, and why'],
      partly.map(([type, found]) => rowOf(type, found)),
    ),
    '## In float',
    table(
      ['operator', 'why'],
      none.map(([type, found]) => [type, [...new Set(found.map(({ reason }) => reason))].join('; ')]),
    ),
    '## Apart',
    'No activation of a network reaches them, or nothing of them is left when the model is planned.',
    table(['operators', 'why'], grouped(apart)),
  ]
  return `${sections.join('\n\n')}\n`
}

const inIntegers = ({ reason }: Outcome) => reason === undefined

/** The forms that are special. */
function formsOf(found: readonly Outcome[]): string {
  return found.flatMap(({ form }) => (form === '' ? [] : [form])).join('; ')
}

function rowOf(type: string, found: readonly Outcome[]): string[] {
  const named = ({ form }: Outcome) => form || 'the plain form'
  const inFloat = found.filter((one) => !inIntegers(one)).map((one) => `${named(one)}: ${one.reason}`)
  return [type, found.filter(inIntegers).map(named).join('; '), inFloat.join('; ')]
}

/** Operators with one reason in one row, in the order of the first of them. */
function grouped(apart: readonly (readonly [string, string])[]): string[][] {
  const byReason = new Map<string, string[]>()
  for (const [type, reason] of apart) byReason.set(reason, [...(byReason.get(reason) ?? []), type])
  return [...byReason].map(([reason, types]) => [types.join(', '), reason])
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}
