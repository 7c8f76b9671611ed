import type { IntTensor } from '../../fixedpoint/types.js'
import { sizeOf } from '../../onnx/geometry.js'
import { partTensors } from '../../oracle/parts.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedConcat } from './solve.js'

export function referenceConcat(
  operator: FixedConcat,
  inputs: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const parts = partTensors(operator.parts, inputs, context.bits(operator.outputs[0]!))
  const first = parts[0]!
  const axis = operator.axis < 0 ? operator.axis + first.dims.length : operator.axis
  const rows = sizeOf(first.dims.slice(0, axis))
  const joined: number[] = []
  for (let row = 0; row < rows; row++) {
    for (const { data } of parts) {
      const length = data.length / rows
      joined.push(...data.subarray(row * length, (row + 1) * length))
    }
  }
  const total = parts.reduce((sum, part) => sum + part.dims[axis]!, 0)
  return [{ dims: first.dims.map((size, at) => (at === axis ? total : size)), data: Int32Array.from(joined) }]
}
