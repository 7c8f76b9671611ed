// What makes noise when it is quantized by itself.

import { familyOf } from '../operators/index.js'
import type { FixedOperator } from '../operators/types.js'
import type { FixedPointModel, Plan } from '../plan/types.js'

/** The tensors that share a scale, or the weights of an operator. */
export interface NoiseSource {
  readonly kind: 'tensors' | 'weights'
  /** The name of the scale group or of the operator. */
  readonly name: string
  /** The tensors of the group; none for weights. */
  readonly tensors: readonly string[]
}

/** Every source of a quantization, in graph order: scale groups first, then weights. */
export function noiseSources({ groups, narrowed }: Plan, { operators }: FixedPointModel): NoiseSource[] {
  // Tensors inside the steps of a recurrent operator stay float, as do copies in another width, which the float graph does not have.
  const inGraph = new Set(operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
  const tensors = groups.flatMap(({ name, tensors: all }): NoiseSource[] => {
    const own = all.filter((tensor) => inGraph.has(tensor) && !narrowed.has(tensor))
    return own.length === 0 ? [] : [{ kind: 'tensors', name, tensors: own }]
  })
  const weights = operators.filter(hasWeights).map(({ name }): NoiseSource => ({ kind: 'weights', name, tensors: [] }))
  return [...tensors, ...weights]
}

/** An operator with steps has the weights of all of these. */
function hasWeights(operator: FixedOperator): boolean {
  return familyOf(operator).integerRows !== undefined || operator.steps?.some(hasWeights) === true
}
