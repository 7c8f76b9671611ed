import type { Prepared } from '../../calibrate/prepare.js'
import { modelsAtOnce } from '../../engine/workers.js'
import { tensorBytes } from '../../onnx/file/codec.js'
import { elementCount } from '../../onnx/tensor.js'

/** How many integer models of a run each worker has open at once. */
export function roomFor({ model, tensors }: Prepared): number {
  const largest = [...tensors.values()].reduce((most, { dims }) => Math.max(most, 4 * elementCount(dims)), 0)
  return modelsAtOnce(tensorBytes(model.proto), largest)
}
