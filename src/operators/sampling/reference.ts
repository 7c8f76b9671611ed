import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { positions, sizeOf } from '../../onnx/geometry.js'
import { product, requantize } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../contexts.js'
import { CUBIC_BITS, type FixedSampling, FRACTION_BITS } from './solve.js'

const UNIT = 2 ** FRACTION_BITS

export function referenceSampling(
  operator: FixedSampling,
  [input, grid]: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const [low, high] = rangeOf(context.bits(operator.outputs[0]!))
  const { batch, channels, space, points, axes } = operator
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
        result.push(
          clip(
            operator.method === 'nearest' ? nearest(operator, values, at) : between(operator, values, at),
            low,
            high,
          ),
        )
      }
    }
  }
  return [{ dims: [batch, channels, ...points], data: Int32Array.from(result) }]
}

function place({ axes }: FixedSampling, axis: number, point: number, grid: IntTensor | undefined): number {
  const { places, mirrors, low, high } = axes[axis]!
  if ('data' in places) return places.data[point]!
  const value = grid!.data[point * axes.length + axes.length - 1 - axis]!
  let u = requantize(value, places.requantize) + places.offset
  while (mirrors !== undefined && (u < mirrors[0] || u > mirrors[1])) {
    u = u < mirrors[0] ? 2 * mirrors[0] - u : 2 * mirrors[1] - u
  }
  return clip(u, low, high)
}

function nearest(operator: FixedSampling, values: Int32Array, at: readonly number[]): number {
  return valueAt(
    operator,
    values,
    at.map((u) => {
      const [before, rest] = [Math.floor(u / UNIT), u - UNIT * Math.floor(u / UNIT)]
      if (rest === UNIT / 2) return before % 2 === 0 ? before : before + 1
      return rest < UNIT / 2 ? before : before + 1
    }),
  )
}

/** The shares of the values from `first` on. */
interface Shares {
  readonly first: number
  readonly shares: readonly number[]
}

function between(operator: FixedSampling, values: Int32Array, at: readonly number[]): number {
  const along = at.map((u): Shares => {
    const before = Math.floor(u / UNIT)
    const rest = u - before * UNIT
    if (operator.cubic === undefined) return { first: before, shares: [UNIT - rest, rest] }
    return { first: before - 1, shares: [...operator.cubic.subarray(4 * rest, 4 * rest + 4)] }
  })
  let total = 0
  for (const corner of positions(along.map(({ shares }) => shares.length))) {
    const weights = corner.map((side, axis) => along[axis]!.shares[side]!)
    const places = corner.map((side, axis) => along[axis]!.first + side)
    total += product(...weights, valueAt(operator, values, places))
  }
  return rshift(total, (operator.cubic === undefined ? FRACTION_BITS : CUBIC_BITS) * at.length)
}

/** What lies beyond the ends: zero, the value at the end, or what a mirror between the ends' outer edges, or at the ends, shows. */
function valueAt({ beyond, space, axes }: FixedSampling, values: Int32Array, place: readonly number[]): number {
  const inside = place.map((index, axis) => {
    const size = space[axis]!
    if (index >= 0 && index < size) return index
    if (beyond === 'zeros') return undefined
    if (beyond === 'border') return index < 0 ? 0 : size - 1
    const edge = axes[axis]!.mirrors![0] === 0 ? 0 : 1
    return index < 0 ? -index - edge : 2 * (size - 1) - index + edge
  })
  if (inside.includes(undefined)) return 0
  return values[inside.reduce<number>((offset, index, axis) => offset * space[axis]! + index!, 0)]!
}
