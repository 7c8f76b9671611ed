import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { positions, sizeOf } from '../../onnx/geometry.js'
import { product, requantize } from '../../oracle/arithmetic.js'
import { type FixedSampling, FRACTION_BITS } from './solve.js'

const UNIT = 2 ** FRACTION_BITS

export function referenceSampling(operator: FixedSampling, [input, grid]: readonly IntTensor[]): IntTensor[] {
  const { batch, channels, space, points, axes, interpolates } = operator
  const [plane, count] = [sizeOf(space), sizeOf(points)]
  const result: number[] = []
  for (let image = 0; image < batch; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const values = input!.data.subarray(
        (image * channels + channel) * plane,
        (image * channels + channel + 1) * plane,
      )
      for (let point = 0; point < count; point++) {
        const at = axes.map((_, axis) => place(operator, axis, image * count + point, grid))
        result.push(interpolates ? between(values, space, at) : nearest(values, space, at))
      }
    }
  }
  return [{ dims: [batch, channels, ...points], data: Int32Array.from(result) }]
}

function place({ axes }: FixedSampling, axis: number, point: number, grid: IntTensor | undefined): number {
  const { places, low, high } = axes[axis]!
  if ('data' in places) return places.data[point]!
  const value = grid!.data[point * axes.length + axes.length - 1 - axis]!
  return clip(requantize(value, places.requantize) + places.offset, low, high)
}

function nearest(values: Int32Array, space: readonly number[], at: readonly number[]): number {
  return valueAt(
    values,
    space,
    at.map((u) => {
      const [before, rest] = [Math.floor(u / UNIT), u - UNIT * Math.floor(u / UNIT)]
      if (rest === UNIT / 2) return before % 2 === 0 ? before : before + 1
      return rest < UNIT / 2 ? before : before + 1
    }),
  )
}

function between(values: Int32Array, space: readonly number[], at: readonly number[]): number {
  const before = at.map((u) => Math.floor(u / UNIT))
  let total = 0
  for (const corner of positions(at.map(() => 2))) {
    const weights = corner.map((side, axis) => {
      const rest = at[axis]! - before[axis]! * UNIT
      return side === 1 ? rest : UNIT - rest
    })
    const places = corner.map((side, axis) => before[axis]! + side)
    total += product(...weights, valueAt(values, space, places))
  }
  return rshift(total, FRACTION_BITS * at.length)
}

/** Zero beyond the ends. */
function valueAt(values: Int32Array, space: readonly number[], place: readonly number[]): number {
  if (place.some((index, axis) => index < 0 || index >= space[axis]!)) return 0
  return values[place.reduce((offset, index, axis) => offset * space[axis]! + index, 0)]!
}
