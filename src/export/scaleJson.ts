// The fixed-point model's numbers as JSON, for people and for tools: everything the chip is given except the weights.
//
// {
//   "format": 1,
//   "chip": "TX5105C",
//   "mode", "options"                                    of the run that made them: -lsj takes them over with the scales
//   "tensors": { NAME: { "scale", "bits" } },            real value = integer * scale + "offset", which some have
//   "operators": [ { "name", "kind", "nodes": [op_type...], "inputs", "outputs", ... } ]
// }
// and by kind, named and defined as in the solve.ts of its family in src/operators:
//   conv, matmul  "q0" "q1" "q2" "scaleInt16" "biasInt16" "low" "high" "weightScales" "accumulatorBound"
//   table         "label" "table", "fractionBits" and "segmentBits" or "octaveBits" where it is interpolated
//   add           "requantize": [{ "multiplier", "shift" }, ...] "q2" "low" "high"
//   mul           "requantize" "low" "high"
//   quotient      "requantize" "low" "high"
//   prelu         "above" "below" "shift"
//   concat, select (and ...constant, with constants among what they read)
//                 "requantize", null for an input already at the output's scale, "constant" for a constant; of select the "choice"
//   lookup        "rows", the dims of its table
//   averagepool   "requantize", its multiplier one or one for each position of the window
//   requantize    "requantize"
//   sum, norm     "addend" "axes" "q0" "requantize", "inputShift" and "rootBits" of a norm
//   extreme       "extreme" "axes"
//   interpolation "axes" "q0" "requantize"
//   normalization "varianceShift" "epsilon" "q1" "q2" "multiplier" "offset" "low" "high", "centeredShift" of long rows
//   software      "reason", null for nodes that compute shapes
// Keys come in this order, tensors and operators in the model's; one entry a line. A number is the shortest decimal that reads back as itself.

import { familyOf } from '../operators/index.js'
import type { FixedOperator } from '../operators/types.js'
import type { FixedPointModel } from '../plan/types.js'
import type { Provenance } from './writtenModel.js'

export function scaleJson(fixed: FixedPointModel, { mode, options }: Provenance = {}): string {
  const tensors = [...fixed.quantized.values()].map(
    ({ name, scale, bits, offset }) => `${JSON.stringify(name)}: ${JSON.stringify({ scale, bits, offset })}`,
  )
  const operators = withSteps(fixed.operators).map((operator) => JSON.stringify(entry(operator)))
  return `{
  "format": 1,
  "chip": ${JSON.stringify(fixed.chip.name)},
${line('mode', mode)}${line('options', options)}  "tensors": ${block('{', tensors, '}')},
  "operators": ${block('[', operators, ']')}
}
`
}

/** The operators as above without what is long: of numbers for each channel or element the least and the most, and no tables. */
export function operatorSummaries({ operators }: FixedPointModel): Record<string, unknown>[] {
  return operators.map((operator) => {
    const { scaleInt16, biasInt16, weightScales, table, accumulatorBound, ...short } = entry(operator)
    return Array.isArray(scaleInt16)
      ? { ...short, scaleInt16: [Math.min(...scaleInt16), Math.max(...scaleInt16)] }
      : (spans(short) as Record<string, unknown>)
  })
}

/** Lists of more numbers become their least and their most. */
const LONGEST_LIST = 16

function spans(value: unknown): unknown {
  if (Array.isArray(value)) {
    const isLong = value.length > LONGEST_LIST && value.every((item) => typeof item === 'number')
    if (!isLong) return value.map(spans)
    return [value.reduce((a, b) => Math.min(a, b)), value.reduce((a, b) => Math.max(a, b))]
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, spans(item)]))
}

/** A line of the object; none for what is not known. */
function line(name: string, value: unknown): string {
  return value === undefined ? '' : `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`
}

function block(open: string, lines: readonly string[], close: string): string {
  if (lines.length === 0) return open + close
  return [open, lines.map((line) => `    ${line}`).join(',\n'), `  ${close}`].join('\n')
}

/** Every operator, steps before the one that runs them. */
function withSteps(operators: readonly FixedOperator[]): readonly FixedOperator[] {
  return operators.flatMap((operator) => [...(operator.steps ?? []), operator])
}

function entry(operator: FixedOperator): Record<string, unknown> {
  return {
    name: operator.name,
    kind: operator.kind,
    nodes: operator.nodes.map(({ opType }) => opType),
    inputs: operator.inputs,
    outputs: operator.outputs,
    ...familyOf(operator).parameters(operator),
  }
}
