// The oracle by operator, whatever its family.

import { arithmeticOf } from '../../src/fixedpoint/chip.js'
import type { IntTensor } from '../../src/fixedpoint/types.js'
import { familyOf } from '../../src/operators/index.js'
import type { FixedOperator } from '../../src/operators/types.js'
import type { FixedPointModel } from '../../src/plan/types.js'

/** Throws Error for an operator without arithmetic of its own, and when a value leaves its width. */
export function runReference(
  operator: FixedOperator,
  inputs: readonly IntTensor[],
  { chip, quantized }: Pick<FixedPointModel, 'chip' | 'quantized'>,
): readonly IntTensor[] {
  const { reference } = familyOf(operator)
  if (!reference) throw new Error(`${operator.name} is a ${operator.kind} operator: it has no integer arithmetic.`)
  if (inputs.length !== operator.inputs.length) throw new Error(`${operator.name} got ${inputs.length} inputs.`)
  const bits = (name: string) => {
    const tensor = quantized.get(name)
    if (!tensor) throw new Error(`The tensor "${name}" is not held as integers.`)
    return tensor.bits
  }
  return reference(operator, inputs, { arithmetic: (name) => arithmeticOf(chip, bits(name)), bits })
}
