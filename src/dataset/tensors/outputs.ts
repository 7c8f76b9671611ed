// Model outputs as metrics and infer functions see them: in model order, and by name.

import type { TensorValue } from '../../onnx/types.js'
import type { Outputs } from '../types.js'

/** @param names the model's outputs in its order (an object's own key order would put names like "12" first) */
export function asOutputs(values: Readonly<Record<string, TensorValue>>, names: readonly string[]): Outputs {
  const ordered = names.map((name) => values[name]!)
  return Object.freeze(Object.assign(ordered, { byName: values }))
}
