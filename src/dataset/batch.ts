// Models with a fixed batch B > 1 and samples of one: B samples make a forward, and its outputs are dealt out again.

import { SquireError } from '../errors.js'
import type { TensorValue } from '../onnx/types.js'
import { own } from '../own.js'
import { arrayOf, elementCount } from './tensors/elements.js'
import type { Feeds, ModelInput } from './types.js'

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

/**
 * Stacks samples along the first axis into a batch of `count`, in the arrays of `into` or new ones; missing ones at the end are copies of the
 * last.
 */
export function stackSamples(samples: readonly Feeds[], count: number = samples.length, into: Feeds = {}): Feeds {
  const first = samples[0]
  if (first === undefined) throw new RangeError('stackSamples needs at least one sample')
  if (count === 1) return first
  const stacked: Record<string, TensorValue> = {}
  for (const [name, { type, dims, data }] of Object.entries(first)) {
    const whole = own(into, name)?.data ?? new (arrayOf(type))(data.length * count)
    for (let i = 0; i < count; i++) {
      const sample = samples[Math.min(i, samples.length - 1)]![name]!
      if (elementCount(sample.dims) !== data.length) {
        throw new SquireError(
          'DATA',
          `input "${name}": samples of one batch differ in size, [${dims.join(', ')}] and [${sample.dims.join(', ')}]`,
        )
      }
      whole.set(sample.data as never, i * data.length)
    }
    stacked[name] = { type, data: whole, dims: [(dims[0] ?? 1) * count, ...dims.slice(1)] }
  }
  return stacked
}

/** What each of `count` stacked samples got: views of the outputs, cut along the first axis. */
export function splitOutputs(
  outputs: Readonly<Record<string, TensorValue>>,
  count: number,
): Record<string, TensorValue>[] {
  return Array.from({ length: count }, (_, i) => {
    const part: Record<string, TensorValue> = {}
    for (const [name, value] of Object.entries(outputs)) part[name] = count === 1 ? value : rows(name, value, i, count)
    return part
  })
}

function rows(name: string, { type, dims, data }: TensorValue, part: number, count: number): TensorValue {
  const [batch, ...rest] = dims
  if (batch === undefined || batch % count !== 0) {
    throw new SquireError(
      'DATA',
      `output "${name}" has dims [${dims.join(', ')}]: its first axis is not the batch of ${count}, so it cannot be dealt out to samples. Let every sample bring a whole batch`,
    )
  }
  const length = data.length / count
  return { type, dims: [batch / count, ...rest], data: data.subarray(part * length, (part + 1) * length) }
}
