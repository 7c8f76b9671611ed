// What an operator's solver asks about its tensors.

import type { QuantizedTensor } from '../fixedpoint/types.js'
import type { SolveContext } from './contexts.js'

/** Throws Error where the plan forgot a tensor. */
export function quantizedIn({ quantized }: SolveContext, name: string): QuantizedTensor {
  const tensor = quantized.get(name)
  if (!tensor) throw new Error(`The plan gives "${name}" no scale group.`)
  return tensor
}
