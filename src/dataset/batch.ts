// Models with a fixed batch B > 1 and samples of one: B samples make a forward, and its outputs are dealt out again.

import { SquireError } from '../errors.js'
import type { TensorValue } from '../onnx/types.js'
import { own } from '../own.js'
import { arrayOf, elementCount } from './tensors/elements.js'
import type { Feeds, ModelInput } from './types.js'

/** The axes along which samples are stacked, by tensor; the first axis of a tensor that is not named. */
export type StackAxes = Readonly<Record<string, number>>

/** How many samples like this one make up a forward: 1 where its dims are already the model's, else the model's fixed batch. */
export function samplesPerForward(sample: Feeds, inputs: readonly ModelInput[]): number {
  const ratios = inputs.map((input) => {
    const batch = input.dims[0]
    return typeof batch === 'number' && batch > 0 && sample[input.name]?.dims[0] === 1 ? batch : 1
  })
  const count = Math.max(1, ...ratios)
  const odd = ratios.findIndex((ratio) => ratio !== count)
  if (count === 1 || odd < 0) return count
  throw new SquireError(
    'DATA',
    `a sample has one row of a batch of ${count} for some inputs, but not for "${inputs[odd]?.name}" with dims [${inputs[odd]?.dims.join(', ')}]: give whole batches for every input`,
  )
}

/** Stacks samples into a batch of `count`, in the arrays of `into` or new ones; missing ones at the end are copies of the last. */
export function stackSamples(
  samples: readonly Feeds[],
  count: number = samples.length,
  into: Feeds = {},
  axes: StackAxes = {},
): Feeds {
  const first = samples[0]
  if (first === undefined) throw new RangeError('stackSamples needs at least one sample')
  if (count === 1) return first
  const stacked: Record<string, TensorValue> = {}
  for (const [name, { type, dims, data }] of Object.entries(first)) {
    const room = own(into, name)
    const whole = room?.type === type ? room.data : new (arrayOf(type))(data.length * count)
    for (let i = 0; i < count; i++) {
      const sample = samples[Math.min(i, samples.length - 1)]![name]!
      if (elementCount(sample.dims) !== data.length) {
        throw new SquireError(
          'DATA',
          `input "${name}": samples of one batch differ in size, [${dims.join(', ')}] and [${sample.dims.join(', ')}]`,
        )
      }
      const slices = slicesOf(dims, own(axes, name))
      for (let slice = 0; slice < slices; slice++) {
        const length = data.length / slices
        const values = sample.data.subarray(slice * length, (slice + 1) * length)
        whole.set(values as never, (slice * count + i) * length)
      }
    }
    stacked[name] = { type, data: whole, dims: stackedDims(dims, count, own(axes, name)) }
  }
  return stacked
}

/** Dims of a tensor for `count` samples, where they are `dims` for one. */
export function stackedDims(dims: readonly number[], count: number, axis = 0): readonly number[] {
  if (count === 1) return dims
  return dims.length === 0 ? [count] : dims.with(axis, dims[axis]! * count)
}

/** In how many runs of neighbouring values one sample lies in a stack: as many as there are indices before the axis. */
export function slicesOf(dims: readonly number[], axis = 0): number {
  return elementCount(dims.slice(0, axis))
}

/** What each of `count` stacked samples got: views of the outputs where the samples lie one after the other, else copies. */
export function splitOutputs(
  outputs: Readonly<Record<string, TensorValue>>,
  count: number,
  axes: StackAxes = {},
): Record<string, TensorValue>[] {
  return Array.from({ length: count }, (_, i) => {
    const part: Record<string, TensorValue> = {}
    for (const [name, value] of Object.entries(outputs)) {
      part[name] = count === 1 ? value : partOf(name, value, i, count, own(axes, name) ?? 0)
    }
    return part
  })
}

function partOf(
  name: string,
  { type, dims, data }: TensorValue,
  part: number,
  count: number,
  axis: number,
): TensorValue {
  const batch = dims[axis]
  if (batch === undefined || batch % count !== 0) {
    throw new SquireError(
      'DATA',
      `output "${name}" has dims [${dims.join(', ')}]: its first axis is not the batch of ${count}, so it cannot be dealt out to samples. Let every sample bring a whole batch`,
    )
  }
  const sample = { type, dims: dims.with(axis, batch / count) }
  const slices = slicesOf(dims, axis)
  const length = data.length / (count * slices)
  const from = (slice: number) => (slice * count + part) * length
  if (slices === 1) return { ...sample, data: data.subarray(from(0), from(0) + length) }
  const values = new (arrayOf(type))(length * slices)
  for (let slice = 0; slice < slices; slice++) {
    values.set(data.subarray(from(slice), from(slice) + length) as never, slice * length)
  }
  return { ...sample, data: values }
}
