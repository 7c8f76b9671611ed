// Operators that lie between operators in float run in float with them, where their family says so: a layer normalization written
// out as ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div would lose its variance to 8 bits, and save nothing.

import { inFloat } from '../operators/fallback/plan.js'
import { familyOf, isFallback } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { GraphView } from './view.js'

const reason = 'it lies between software operators, model inputs or outputs'

const followsFloat = (operator: PlannedOperator) => familyOf(operator).traits.followsFloat

/**
 * The operators, those between software operators turned into software: the largest set in which every reader is software or
 * of the set, and of every operator at least one input is written so. To some families, what is fed to the model counts as well. The model's
 * outputs are read by nothing here: they count as software.
 */
export function joinFloat(operators: readonly PlannedOperator[], view: GraphView): PlannedOperator[] {
  const software = new Set(operators.filter((operator) => isFallback(operator) || followsFloat(operator) !== 'never'))
  const writers = new Map(operators.flatMap((operator) => operator.outputs.map((name) => [name, operator] as const)))
  const readers = new Map<string, PlannedOperator[]>()
  for (const operator of operators) {
    for (const name of operator.inputs) readers.set(name, [...(readers.get(name) ?? []), operator])
  }
  const comesFromSoftware = (operator: PlannedOperator) =>
    operator.inputs.some((name) => {
      const writer = writers.get(name)
      return writer ? software.has(writer) : followsFloat(operator) === 'atEdge'
    })
  const goesToSoftware = (operator: PlannedOperator) =>
    operator.outputs.every((name) => (readers.get(name) ?? []).every((reader) => software.has(reader)))
  for (let size = Number.POSITIVE_INFINITY; software.size < size; ) {
    size = software.size
    for (const operator of operators) {
      if (isFallback(operator) || (comesFromSoftware(operator) && goesToSoftware(operator))) continue
      software.delete(operator)
    }
  }
  return operators.map((operator) =>
    software.has(operator) && !isFallback(operator) ? inFloat(operator, view, reason) : operator,
  )
}
