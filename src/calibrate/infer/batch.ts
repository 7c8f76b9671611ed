// Splitting a batch into what one forward pass takes and joining what came out, for models whose batch dimension is dynamic.

import type { ModelInput } from '../../dataset/types.js'
import { SquireError } from '../../errors.js'
import type { TensorData, TensorValue } from '../../onnx/types.js'
import { own } from '../../own.js'
import type { Feeds } from '../runner.js'

/**
 * One feed for every `size` samples when every input has a dynamic first dimension and the same number of samples; else the feeds as they are.
 * @throws SquireError DATA when the samples do not fill the last one
 */
export function splitBatch(feeds: Feeds, inputs: readonly ModelInput[], size = 1): Feeds[] {
  const counts = new Set(
    inputs.map(({ name, dims }) => (typeof dims[0] === 'string' ? own(feeds, name)?.dims[0] : undefined)),
  )
  const [count] = counts
  if (counts.size !== 1 || count === undefined || count === size) return [feeds]
  if (count === 0) throw new SquireError('DATA', 'a forward pass got a batch of 0 samples: give it at least one')
  if (count % size !== 0) {
    throw new SquireError(
      'DATA',
      `a forward pass got a batch of ${count}, which the quantized model's batch of ${size} (-ib) does not divide: choose -bs as a multiple of -ib`,
    )
  }
  return Array.from({ length: count / size }, (_, i) =>
    Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, rows(value, i, size, count)])),
  )
}

function rows(value: TensorValue, part: number, size: number, count: number): TensorValue {
  const length = (value.data.length / count) * size
  // A copy: a view would carry the whole batch along to the worker.
  const data = value.data.slice(part * length, (part + 1) * length)
  return { type: value.type, data, dims: [size, ...value.dims.slice(1)] }
}

/** Concatenates outputs along their first axis. */
export function joinBatches(
  parts: readonly Readonly<Record<string, TensorValue>>[],
): Readonly<Record<string, TensorValue>> {
  const first = parts[0]!
  return Object.fromEntries(
    Object.keys(first).map((name) => [
      name,
      join(
        parts.map((part) => part[name]!),
        name,
      ),
    ]),
  )
}

function join(values: readonly TensorValue[], name: string): TensorValue {
  const head = values[0]!
  if (values.some(({ dims }) => dims.slice(1).join() !== head.dims.slice(1).join() || dims.length === 0)) {
    throw new SquireError(
      'DATA',
      `output "${name}" has dims ${values.map(({ dims }) => `[${dims}]`).join(', ')} for the samples of one batch; ` +
        'they cannot be joined. Call forward with one sample at a time.',
    )
  }
  const length = values.reduce((sum, { data }) => sum + data.length, 0)
  const data = new (head.data.constructor as new (length: number) => TensorData)(length)
  let at = 0
  for (const value of values) {
    data.set(value.data as never, at)
    at += value.data.length
  }
  const rows = values.reduce((sum, { dims }) => sum + dims[0]!, 0)
  return { type: head.type, data, dims: [rows, ...head.dims.slice(1)] }
}
