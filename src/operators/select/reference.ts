import type { IntTensor } from '../../fixedpoint/types.js'
import { positions, sizeOf } from '../../onnx/geometry.js'
import { broadcast } from '../../oracle/broadcast.js'
import { partTensors } from '../../oracle/parts.js'
import type { ReferenceContext } from '../types.js'
import type { Writing } from './plan.js'
import type { FixedSelect } from './solve.js'

/** Throws Error for a condition or for places that are computed: they are not among the integers. */
export function referenceSelect(
  operator: FixedSelect,
  inputs: readonly IntTensor[],
  { bits }: ReferenceContext,
): IntTensor[] {
  const { choice } = operator
  const parts = partTensors(operator.parts, inputs, bits(operator.outputs[0]!))
  if (choice === 'max') return [parts.reduce((left, right) => broadcast(left, right, Math.max))]
  if (choice === 'min') return [parts.reduce((left, right) => broadcast(left, right, Math.min))]
  if ('writing' in choice) return [written(choice.writing, parts as [IntTensor, IntTensor])]
  if ('computed' in choice.condition) throw new Error(`The condition "${choice.condition.computed}" is not known.`)
  const [yes, no] = parts as [IntTensor, IntTensor]
  const condition = { dims: choice.condition.dims, data: Int32Array.from(choice.condition.data, Number) }
  // First x where the condition holds and elsewhere a number that no integer of the chip is; then the other part takes that number's place.
  const chosen = broadcast(condition, yes, (holds, x) => (holds ? x : ABSENT))
  return [broadcast(chosen, no, (x, other) => (x === ABSENT ? other : x))]
}

const ABSENT = 2 ** 20

function written({ indices, axis }: Writing, [into, values]: readonly [IntTensor, IntTensor]): IntTensor {
  if ('computed' in indices) throw new Error(`The places "${indices.computed}" are not known.`)
  const { dims } = into
  const data = into.data.slice()
  const inside = (place: number, size: number) => (place < 0 ? place + size : place)
  if (axis !== undefined) {
    const along = inside(axis, dims.length)
    positions(indices.dims).forEach((at, i) => {
      const place = at.map((index, k) => (k === along ? inside(indices.data[i]!, dims[k]!) : index))
      data[offsetOf(place, dims)] = values.data[i]!
    })
    return { dims, data }
  }
  const depth = indices.dims.at(-1)!
  const size = sizeOf(dims.slice(depth))
  for (let tuple = 0; tuple < indices.data.length / depth; tuple++) {
    const place = indices.data.slice(tuple * depth, (tuple + 1) * depth).map((index, k) => inside(index, dims[k]!))
    const start = offsetOf(place, dims.slice(0, depth)) * size
    data.set(values.data.subarray(tuple * size, (tuple + 1) * size), start)
  }
  return { dims, data }
}

function offsetOf(place: readonly number[], dims: readonly number[]): number {
  return place.reduce((offset, index, axis) => offset * dims[axis]! + index, 0)
}
