// Splitting a batch into single samples and joining what came out, for models whose batch dimension is dynamic.

import type { ModelInput } from '../dataset/types.js'
import { SquireError } from '../errors.js'
import type { TensorData, TensorValue } from '../onnx/types.js'
import type { Feeds } from './runner.js'

/** One feed a sample when every input has a dynamic first dimension and the same number of samples; else the feeds as they are. */
export function splitBatch(feeds: Feeds, inputs: readonly ModelInput[]): Feeds[] {
  const counts = new Set(
    inputs.map(({ name, dims }) => (typeof dims[0] === 'string' ? feeds[name]?.dims[0] : undefined)),
  )
  const [count] = counts
  if (counts.size !== 1 || count === undefined || count <= 1) return [feeds]
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, row(value, i, count)])),
  )
}

function row(value: TensorValue, i: number, count: number): TensorValue {
  const size = value.data.length / count
  // A copy: a view would carry the whole batch along to the worker.
  return { type: value.type, data: value.data.slice(i * size, (i + 1) * size), dims: [1, ...value.dims.slice(1)] }
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
