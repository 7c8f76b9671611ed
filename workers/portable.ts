// Tensors that leave their thread.

import type { TensorValue } from '../src/onnx/types.js'

/** A view of a larger memory, such as the kernel's, is copied: all of that would be cloned into the answer. */
export function portable(value: TensorValue): TensorValue {
  return value.data.byteLength === value.data.buffer.byteLength ? value : { ...value, data: value.data.slice() }
}
