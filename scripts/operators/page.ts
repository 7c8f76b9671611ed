// docs/operators.md, from what planning makes of every operator.

import { fileURLToPath } from 'node:url'
import { type Outcome, outcomes } from './table.js'

export const pagePath = fileURLToPath(new URL('../../../docs/operators.md', import.meta.url))

const head = `# Operators

Made by \`npm run docs\`, which plans every operator of ONNX's standard domain in the forms of \`scripts/operators/forms.ts\`, between operators of the
chip, and checked by the tests: do not edit. [fixed-point.md](fixed-point.md) defines the arithmetic. \`--strict\` makes what would run in float an error.
Elementwise operators and moves of values also run in float where all around them does. Dims are fixed here: where a model leaves more than its batch open,
some forms (convolutions with computed weights, products with vectors, Fourier transforms) need the dims that \`-is\` gives.`

const decisions = [
  [
    'RoiAlign with sampling_ratio 0',
    "each region's size decides how many samples are averaged; a constant number can be a GridSample and an average pool",
  ],
  ['RoiAlign with mode max', 'only averages of samples have a form in integers'],
  ['RoiAlign below opset 16', 'what it becomes is a GridSample, which opset 16 brought: `-ov 16` converts the model'],
  ['MaxRoiPool', "each region's size decides how many values the largest is taken of"],
  ['Det, ReduceProd, CumProd', 'the product of many values leaves every width'],
  [
    'Loop that data end',
    'how many steps it takes is known when it runs; where constants and counters decide it, the steps are written out, up to 4096 nodes',
  ],
  [
    'Pow of two tensors, whose base may be zero or less',
    'exp(y log x) equals the power of a positive base only. A base counts as positive where constants and operators such as Abs and Add keep it so for all inputs; Exp, Sigmoid and Softplus alone do not, as they may be 0 in float32',
  ],
  [
    'what follows NonMaxSuppression, NonZero or Unique',
    'how many values there are is another number for each input, and with it the dims of all that follows: a torchvision second stage, for one. `-on` ends the model before it',
  ],
] as const

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
    '## In float by decision',
    'What could be thought of in integers and is in float all the same. What depends on values that data decide cannot be in a model whose dims and integers are fixed.',
    table(['form', 'why'], decisions),
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
