// What the channels of tensors hold in the float model, over samples.

import type { HeldSample } from '../../engine/protocol.js'
import type { ChannelStatistics } from '../../equalize/gain.js'
import { SquireError } from '../../errors.js'
import { openModel } from '../../onnx/runtime/openModel.js'
import type { ModelProto, TensorValue } from '../../onnx/types.js'
import type { Setting } from '../run.js'

/** Samples one after the other in the order of their hashes: sums of floats have one order. */
export async function channelStatistics(
  { reporter, signal }: Pick<Setting, 'reporter' | 'signal'>,
  proto: ModelProto,
  names: readonly string[],
  samples: readonly HeldSample[],
): Promise<ReadonlyMap<string, ChannelStatistics>> {
  const { graph } = proto
  const inputs = new Set(graph.input.map(({ name }) => name))
  const written = names.filter((name) => !inputs.has(name))
  const session = await openModel({ ...proto, graph: { ...graph, output: written.map((name) => ({ name })) } })
  const progress = reporter.progress('looking at channels', samples.length, 'samples')
  const sums = new Map<string, ChannelSums>()
  try {
    for (const [i, { feeds }] of samples.entries()) {
      if (signal.aborted) throw new SquireError('INTERRUPTED', 'interrupted while looking at channels')
      const values = { ...feeds, ...(await session.run(feeds, written)) }
      for (const name of names) {
        const value = values[name]!
        if (!sums.has(name)) sums.set(name, new ChannelSums(channelsOf(value)))
        sums.get(name)!.add(value)
      }
      progress.update(i + 1)
    }
  } finally {
    progress.finish()
    await session.release()
  }
  return new Map([...sums].map(([name, one]) => [name, one.statistics()]))
}

/** Channels are axis 1; a tensor without that axis is one channel. */
function channelsOf({ dims }: TensorValue): number {
  return dims[1] ?? 1
}

/** Mutable state: sums over all values of each channel. */
class ChannelSums {
  readonly #largest: Float64Array
  readonly #squares: Float64Array
  readonly #nonzero: Float64Array
  #count = 0

  constructor(channels: number) {
    this.#largest = new Float64Array(channels)
    this.#squares = new Float64Array(channels)
    this.#nonzero = new Float64Array(channels)
  }

  add(value: TensorValue): void {
    const values = value.data as Float32Array
    const channels = channelsOf(value)
    const size = values.length / channels / (value.dims.length < 2 ? 1 : value.dims[0]!)
    this.#count += values.length / channels
    for (let from = 0; from < values.length; from += size) {
      const c = (from / size) % channels
      let [largest, squares, nonzero] = [this.#largest[c]!, 0, 0]
      for (let at = from; at < from + size; at++) {
        const one = values[at]!
        largest = Math.max(largest, Math.abs(one))
        squares += one * one
        if (one !== 0) nonzero++
      }
      this.#largest[c] = largest
      this.#squares[c]! += squares
      this.#nonzero[c]! += nonzero
    }
  }

  statistics(): ChannelStatistics {
    const mean = (total: number) => total / this.#count
    return { largest: this.#largest, power: this.#squares.map(mean), nonzero: this.#nonzero.map(mean) }
  }
}
