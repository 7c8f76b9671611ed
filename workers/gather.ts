// What refinement asks of some samples: sums over the patches that operators read.

import type { Feeds } from '../src/dataset/types.js'
import type { GatherAnswer, Gathered, GatheredInput, GatherTask, HeldSample } from '../src/engine/protocol.js'
import { GramSum, mixed } from '../src/refine/gram.js'
import { type Numbers, Patches } from '../src/refine/reading.js'
import { type Elements, elementsRead } from '../src/refine/sequence.js'
import { addMeans, inCodes, inFractions, type Means } from '../src/refine/statistics.js'
import { sessionOf } from './models.js'

/** Bytes that the patches of all operators may wait in until they are multiplied. */
const WAITING_BYTES = 2 ** 26

export async function runGather(task: GatherTask): Promise<GatherAnswer> {
  const { inputs, model, samples, patches: most } = task
  const stop = new Int32Array(task.stop)
  const memory = WAITING_BYTES / inputs.length
  const grams = most === undefined ? [] : inputs.map(({ reading, bits }) => new GramSum(reading, bits, memory))
  const means: Means[] = []
  for (const { feeds, seed } of samples) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    const values = await run(model, feeds)
    for (const [i, input] of inputs.entries()) {
      const { reading, unit, step, bits } = input
      const { dims, data } = elementsOf(input, values[input.tensor]!)
      const patches = new Patches(reading, dims)
      if (most === undefined) {
        const sums = patches.sums(inFractions(data, step / unit))
        means[i] = addMeans(means[i], { count: patches.count, sums })
      } else grams[i]!.add({ values: inCodes(data, unit / step, bits), patches, most, seed: mixed(seed + i) })
    }
  }
  const gathered = inputs.map((_, i): Gathered => ({ means: means[i], gram: grams[i]?.result() }))
  return { kind: 'done', gathered }
}

/** What the model is fed and what it writes. */
async function run(model: GatherTask['model'], feeds: HeldSample['feeds']): Promise<Feeds> {
  if (model === undefined) return feeds
  const session = await sessionOf(model)
  const read = Object.fromEntries(model.inputs.map(({ name }) => [name, feeds[name]!]))
  return { ...feeds, ...(await session.run(read, model.outputs)) }
}

function elementsOf({ sequence }: GatheredInput, { dims, data }: Feeds[string]): Elements {
  const whole = { dims, data: data as Numbers }
  return sequence === undefined ? whole : elementsRead(whole, sequence.unread)
}
