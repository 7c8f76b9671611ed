// Constants of integers with their scales, as QuantizeLinear and DequantizeLinear make and read them.

import { elementCount } from '../tensor.js'
import { DataType } from '../types.js'

/** Scales, zero points and the axis of a Q or DQ node, all constant. */
export interface Parameters {
  readonly scales: Float32Array
  readonly zeroPoints: readonly number[]
  readonly dataType: number
  readonly axis: number
  /** Elements along the axis that share a scale; 0: one scale an index, or one for all. */
  readonly block: number
}

/** A tensor of integers that a DequantizeLinear reads. */
export interface Integers {
  readonly dims: readonly number[]
  readonly data: ArrayLike<number>
}

/** By element type. */
export const ranges: ReadonlyMap<number, readonly [low: number, high: number]> = new Map([
  [DataType.INT8, [-128, 127]],
  [DataType.UINT8, [0, 255]],
  [DataType.INT16, [-32768, 32767]],
  [DataType.UINT16, [0, 65535]],
])

/** (integer - zero_point) * scale, and the largest magnitude of integer - zero_point, one for each scale. */
export function dequantized(
  { dims, data }: Integers,
  parameters: Parameters,
): { values: Float32Array; largest: readonly number[] } {
  const { scales, zeroPoints } = parameters
  const values = new Float32Array(data.length)
  const largest = Array.from(scales, () => 0)
  for (const { from, to, scale } of runsOfOneScale(dims, parameters)) {
    for (let i = from; i < to; i++) {
      const steps = data[i]! - zeroPoints[scale]!
      largest[scale] = Math.max(largest[scale]!, Math.abs(steps))
      values[i] = steps * scales[scale]!
    }
  }
  return { values, largest }
}

/** Elements from `from` to before `to`, in row-major order, that have one scale. */
interface Run {
  readonly from: number
  readonly to: number
  readonly scale: number
}

function* runsOfOneScale(dims: readonly number[], { scales, axis, block }: Parameters): Generator<Run> {
  const count = elementCount(dims)
  if (scales.length === 1) {
    yield { from: 0, to: count, scale: 0 }
    return
  }
  const at = axis < 0 ? axis + dims.length : axis
  const inner = elementCount(dims.slice(at + 1))
  const size = dims[at] ?? 1
  for (let from = 0, row = 0; from < count; from += inner, row++) {
    const along = row % size
    if (block === 0) yield { from, to: from + inner, scale: along }
    else {
      const first = (((row - along) / size) * Math.ceil(size / block) + Math.floor(along / block)) * inner
      for (let i = 0; i < inner; i++) yield { from: from + i, to: from + i + 1, scale: first + i }
    }
  }
}

/** saturate(round_half_even(x / scale) + zero_point) */
export function rounded(values: Float32Array, dims: readonly number[], parameters: Parameters): Int32Array {
  const { scales, zeroPoints, dataType } = parameters
  const [low, high] = ranges.get(dataType) ?? [-(2 ** 31), 2 ** 31 - 1]
  const integers = new Int32Array(values.length)
  for (const { from, to, scale } of runsOfOneScale(dims, parameters)) {
    for (let i = from; i < to; i++) {
      const steps = roundHalfEven(Math.fround(values[i]! / scales[scale]!))
      integers[i] = Math.min(Math.max(steps + zeroPoints[scale]!, low), high)
    }
  }
  return integers
}

function roundHalfEven(x: number): number {
  const near = Math.round(x)
  return near - x === 0.5 && near % 2 !== 0 ? near - 1 : near
}
