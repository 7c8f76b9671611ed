// Elementwise operators and moves that lie between software operators run in float with them: a layer normalization written
// out as ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div would lose its variance to 8 bits, and save nothing.

import { inputsOf, outerInputsOf, outputsOf } from './operands.js'
import type { PlannedOperator } from './types.js'
import type { GraphView } from './view.js'

const reason = 'it lies between software operators, model inputs or outputs'

const elementwise: ReadonlySet<string> = new Set(['unary', 'add', 'mul'])
const moves: ReadonlySet<string> = new Set(['shape', 'concat'])

/**
 * The operators, those between software operators turned into software: the largest set in which every reader is software or
 * of the set, and of every operator at least one input is written so. To moves, what is fed to the model counts as well. The model's
 * outputs are read by nothing here: they count as software.
 */
export function joinSoftware(operators: readonly PlannedOperator[], view: GraphView): PlannedOperator[] {
  const software = new Set(
    operators.filter(({ kind }) => kind === 'software' || elementwise.has(kind) || moves.has(kind)),
  )
  const writers = new Map(operators.flatMap((operator) => outputsOf(operator).map((name) => [name, operator] as const)))
  const readers = new Map<string, PlannedOperator[]>()
  for (const operator of operators) {
    for (const name of inputsOf(operator)) readers.set(name, [...(readers.get(name) ?? []), operator])
  }
  const comesFromSoftware = (operator: PlannedOperator) =>
    inputsOf(operator).some((name) => {
      const writer = writers.get(name)
      return writer ? software.has(writer) : moves.has(operator.kind)
    })
  const goesToSoftware = (operator: PlannedOperator) =>
    outputsOf(operator).every((name) => (readers.get(name) ?? []).every((reader) => software.has(reader)))
  for (let size = Number.POSITIVE_INFINITY; software.size < size; ) {
    size = software.size
    for (const operator of operators) {
      if (operator.kind === 'software' || (comesFromSoftware(operator) && goesToSoftware(operator))) continue
      software.delete(operator)
    }
  }
  return operators.map((operator) => (software.has(operator) ? asSoftware(operator, view) : operator))
}

function asSoftware(operator: PlannedOperator, view: GraphView): PlannedOperator {
  if (operator.kind === 'software') return operator
  const { name, nodes } = operator
  const inputs = outerInputsOf(nodes, view)
  const outputs = outputsOf(operator)
  return { kind: 'software', name, nodes, inputs, outputs, reason }
}
