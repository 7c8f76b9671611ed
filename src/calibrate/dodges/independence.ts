// The trial of stacked samples: what a sample gives may not change, in any bit, with its place or its neighbours.

import { type StackAxes, slicesOf, stackedDims, stackSamples } from '../../dataset/batch.js'
import type { Session } from '../../onnx/runtime/session.js'
import type { TensorData, TensorValue } from '../../onnx/types.js'
import type { Feeds } from '../runner.js'

/** What rounding may change between one row and several, of the largest magnitude: matrix products sum in another order. */
const TOLERANCE = 1e-4
/** Values that are compared at once: what is compared is held twice. */
const MOST_COMPARED = 2 ** 22

/** Whether `variant` makes other inputs of a sample's: the trial needs neighbours that differ. */
export function isVaried({ type, data }: TensorValue): boolean {
  return type === 'float32' || ((type === 'int32' || type === 'int64') && data.some((value) => value !== data[0]))
}

/**
 * The axes along which inputs and outputs hold `count` stacked samples, where that is not the first; undefined where a sample's values depend on
 * others.
 * @throws SquireError where the model cannot take so many
 */
export async function independentRows(
  session: Session,
  feeds: Feeds,
  names: readonly string[],
  count: number,
  inputAxes: StackAxes,
): Promise<StackAxes | undefined> {
  const stack = (samples: readonly Feeds[]) => stackSamples(samples, count, {}, inputAxes)
  const some = Array.from({ length: count }, (_, i) => variant(feeds, i, count))
  const first = stack(some)
  // The same but for the last, each one place further on, and one that is larger than all of them.
  const second = stack([variant(feeds, -1, count), ...some.slice(0, -1)])
  const axes: Record<string, number> = { ...inputAxes }
  const alone = await session.run(feeds, names)
  for (const group of groupsOf(names, (name) => alone[name]!.data.length * count)) {
    const one = await session.run(first, group)
    const other = await session.run(second, group)
    for (const name of group) {
      const axis = stackAxis(alone[name]!, one[name]!, count)
      if (axis === -1 || !hasSameRows(alone[name]!, one[name]!, other[name]!, count, axis)) return undefined
      axes[name] = axis
    }
  }
  return Object.fromEntries(Object.entries(axes).filter(([, axis]) => axis > 0))
}

/** Inputs like those given, which are variant 0: real numbers are scaled, integers change places, as there may be no others. */
function variant(feeds: Feeds, i: number, count: number): Feeds {
  const factor = 1 - (i * 0.75) / count
  const varied = ({ data, ...value }: TensorValue): TensorValue =>
    data instanceof Float32Array
      ? { ...value, data: data.map((x) => x * factor) }
      : { ...value, data: data.map((_, at) => data.at((at + i) % data.length) as never) as TensorData }
  return Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, varied(value)]))
}

/** Runs of names, of at most MOST_COMPARED values each or of one name. */
function groupsOf(names: readonly string[], sizeOf: (name: string) => number): string[][] {
  const groups: string[][] = []
  let room = 0
  for (const name of names) {
    const size = sizeOf(name)
    if (groups.length === 0 || size > room) {
      groups.push([])
      room = MOST_COMPARED
    }
    groups.at(-1)!.push(name)
    room -= size
  }
  return groups
}

/** The one axis that is `count` times as long for as many samples; -1 where there is none. */
function stackAxis(alone: TensorValue, stacked: TensorValue, count: number): number {
  return alone.dims.findIndex((_, axis) => String(stackedDims(alone.dims, count, axis)) === String(stacked.dims))
}

function hasSameRows(alone: TensorValue, first: TensorValue, second: TensorValue, count: number, axis: number) {
  if (String(first.dims) !== String(second.dims)) return false
  const slices = slicesOf(alone.dims, axis)
  const size = alone.data.length / slices
  const own = alone.data.slice()
  for (let slice = 0; slice < slices; slice++) {
    const from = slice * count * size
    const others = size * (count - 1)
    if (!bytesOf(first, from, from + others).equals(bytesOf(second, from + size, from + size + others))) return false
    own.set(first.data.subarray(from, from + size) as never, slice * size)
  }
  return isClose(alone.data, own)
}

function isClose(a: TensorData, b: TensorData): boolean {
  let most = 0
  for (const x of a) most = Math.max(most, Math.abs(Number(x)))
  for (let i = 0; i < a.length; i++) if (!(Math.abs(Number(a[i]) - Number(b[i])) <= TOLERANCE * most)) return false
  return true
}

function bytesOf({ data }: TensorValue, from: number, to: number): Buffer {
  const part = data.subarray(from, to)
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength)
}
