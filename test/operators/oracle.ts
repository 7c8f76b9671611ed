// The oracle by operator, whatever its family.

import { arithmeticOf } from '../../src/fixedpoint/chip.js'
import type { IntTensor } from '../../src/fixedpoint/types.js'
import { familyOf } from '../../src/operators/index.js'
import type { FixedOperator } from '../../src/operators/types.js'
import type { FixedPointModel } from '../../src/plan/types.js'

/** Dims of the tensors of steps are asked where there are such. */
export type OracleModel = Pick<FixedPointModel, 'chip' | 'quantized'> & Partial<Pick<FixedPointModel, 'tensors'>>

/** Throws Error for an operator without arithmetic of its own, and when a value leaves its width. */
export function runReference(
  operator: FixedOperator,
  inputs: readonly IntTensor[],
  model: OracleModel,
): readonly IntTensor[] {
  const { chip, quantized } = model
  const { reference } = familyOf(operator)
  if (!reference) throw new Error(`${operator.name} is a ${operator.kind} operator: it has no integer arithmetic.`)
  if (inputs.length !== operator.inputs.length) throw new Error(`${operator.name} got ${inputs.length} inputs.`)
  const bits = (name: string) => {
    const tensor = quantized.get(name)
    if (!tensor) throw new Error(`The tensor "${name}" is not held as integers.`)
    return tensor.bits
  }
  return reference(operator, inputs, {
    arithmetic: (name) => arithmeticOf(chip, bits(name)),
    bits,
    run: (step, values) => runStep(step, values, model),
  })
}

/** A step of a Scan. What takes a tensor apart, exported models leave to the source's own nodes: no family computes it. */
function runStep(operator: FixedOperator, inputs: readonly IntTensor[], model: OracleModel): readonly IntTensor[] {
  if (operator.nodes[0]?.opType !== 'Split') return runReference(operator, inputs, model)
  const { dims, data } = inputs[0]!
  const whole = dims.at(-1)!
  let end = 0
  return operator.outputs.map((name) => {
    const own = model.tensors!.get(name)!.dims
    const start = end
    end += own.at(-1)!
    const [from, to] = [start, end]
    return { dims: own, data: data.filter((_, at) => at % whole >= from && at % whole < to) }
  })
}
