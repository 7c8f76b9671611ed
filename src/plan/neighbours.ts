// Operators that lie between operators in float run in float with them, where their family says so: a layer normalization written
// out as ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div would lose its variance to 8 bits, and save nothing.

import { inFloat } from '../operators/fallback/plan.js'
import { familyOf, isFallback } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { GraphView } from './view.js'

const reason = 'it lies between software operators, model inputs or outputs'

const followsFloat = (operator: PlannedOperator) => familyOf(operator).traits.followsFloat

/**
 * The operators, those between operators in float turned into such: the largest set in which every reader is in float or of the set, and of every
 * operator at least one input is written so. To some families, what is fed to the model counts as well. The model's outputs are read by nothing
 * here: they count as read in float.
 */
export function joinFloat(operators: readonly PlannedOperator[], view: GraphView): PlannedOperator[] {
  const floating = new Set(operators.filter((operator) => isFallback(operator) || followsFloat(operator) !== 'never'))
  const writers = new Map(operators.flatMap((operator) => operator.outputs.map((name) => [name, operator] as const)))
  const readers = new Map<string, PlannedOperator[]>()
  for (const operator of operators) {
    for (const name of operator.inputs) readers.set(name, [...(readers.get(name) ?? []), operator])
  }
  const comesFromFloat = (operator: PlannedOperator) =>
    operator.inputs.some((name) => {
      const writer = writers.get(name)
      return writer ? floating.has(writer) : followsFloat(operator) === 'atEdge'
    })
  const goesToFloat = (operator: PlannedOperator) =>
    operator.outputs.every((name) => (readers.get(name) ?? []).every((reader) => floating.has(reader)))
  for (let size = Number.POSITIVE_INFINITY; floating.size < size; ) {
    size = floating.size
    for (const operator of operators) {
      if (isFallback(operator) || (comesFromFloat(operator) && goesToFloat(operator))) continue
      floating.delete(operator)
    }
  }
  return operators.map((operator) =>
    floating.has(operator) && !isFallback(operator) ? inFloat(operator, view, reason) : operator,
  )
}
